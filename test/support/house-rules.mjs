/**
 * Rules of the house that the linter does not know: no state in modules, no ambient clock where there must be none, and no wait
 * of a test that ends after the runner's default of one second.
 * Loaded by .oxlintrc.json.
 */

const EMPTY_CONTAINERS = new Set(['Array', 'Map', 'Set', 'WeakMap', 'WeakSet'])

/** An empty container can only be there to be filled later; a filled one is taken for a table. */
function isEmptyContainer(node) {
  switch (node?.type) {
    case 'ArrayExpression':
      return node.elements.length === 0
    case 'ObjectExpression':
      return node.properties.length === 0
    case 'NewExpression':
      return node.callee.type === 'Identifier' && EMPTY_CONTAINERS.has(node.callee.name) && node.arguments.length === 0
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return isEmptyContainer(node.expression)
    default:
      return false
  }
}

const noModuleState = {
  create: (context) => ({
    Program({ body }) {
      for (const statement of body) {
        const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
        if (declaration?.type !== 'VariableDeclaration') continue
        const message = 'A module keeps no state: put it into an object that somebody creates and passes on.'
        if (declaration.kind !== 'const') context.report({ node: declaration, message })
        else for (const { init } of declaration.declarations) if (isEmptyContainer(init)) context.report({ node: init, message })
      }
    },
  }),
}

const noAmbientDate = {
  create: (context) => ({
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0)
        context.report({ node, message: 'market/ has no clock of its own: take the time as an argument.' })
    },
  }),
}

const WAITS = { vi: ['waitFor', 'waitUntil'], expect: ['poll'] }

const noHastyWait = {
  create: (context) => ({
    CallExpression(node) {
      const { object, property } = node.callee
      if (object?.type !== 'Identifier' || !WAITS[object.name]?.includes(property.name)) return
      const options = node.arguments[1]
      const hasTimeout = options?.type === 'ObjectExpression' ? options.properties.some(({ key }) => key?.name === 'timeout') : options
      if (!hasTimeout)
        context.report({
          node,
          message: 'One second, the default, is too short on a busy machine: pass PATIENTLY of test/support/waiting.ts.',
        })
    },
  }),
}

export default {
  meta: { name: 'house' },
  rules: { 'no-module-state': noModuleState, 'no-ambient-date': noAmbientDate, 'no-hasty-wait': noHastyWait },
}
