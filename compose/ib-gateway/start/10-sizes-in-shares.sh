#!/usr/bin/env bash
# Run by the IB Gateway image before it starts (START_SCRIPTS). The image answers IB's notice on sizes with "accept", by which the gateway begins
# to send sizes of US stocks in lots, and it has no variable for the setting that undoes it. Sizes in lots are cut to whole lots, and what
# was cut off is lost (docs/stock-sizes.md).
set -eu
template=${IBC_INI_TMPL:?expected the template of the settings of IBC, found none: is this another image?}
sed -i 's/^SendMarketDataInLotsForUSstocks=.*/SendMarketDataInLotsForUSstocks=no/' "$template"
# The image goes on whatever a script says. The health check says it then (healthcheck.sh).
grep -q '^SendMarketDataInLotsForUSstocks=no$' "$template" ||
  echo "expected SendMarketDataInLotsForUSstocks in $template, found none: sizes of US stocks may come in lots" >&2
