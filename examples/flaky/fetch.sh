#!/usr/bin/env bash
# Stands for a script whose source does not answer at first: exit code 75 says "try again later", as sysexits.h has it.
set -eu

echo "attempt $RGRID_ATTEMPT: asking for the data"
if [ "$RGRID_ATTEMPT" -lt 2 ]; then
  echo 'the source is busy' >&2
  exit 75
fi
echo 'name,amount' > data.csv
echo 'saved data.csv'
