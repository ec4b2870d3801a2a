-- The number is another branch's.

-- down
