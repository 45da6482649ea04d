#!/bin/sh
# Hands over weights that exist already. Nothing is trained and no corpus is read.
set -eu

DONE=0 FAILED=1 BAD_CONFIGURATION=64 BAD_DATA=65

output=/output
while [ $# -gt 0 ]; do
  case "$1" in
    --input) shift ;;
    --output) shift; output=$1 ;;
    --resume) ;;
    *) echo "unknown option $1; known: --input DIR --output DIR --resume"; exit $BAD_CONFIGURATION ;;
  esac
  shift
done

if [ "${LOVT_BENCH_CONTRACT:-1}" != 1 ]; then
  echo "this submission speaks version 1 of the contract, the harness asks for $LOVT_BENCH_CONTRACT"
  exit $BAD_CONFIGURATION
fi
case "${LOVT_BENCH_SETTINGS:-"{}"}" in
  "{}") ;;
  *) echo "given weights have no settings"; exit $BAD_CONFIGURATION ;;
esac

for source in /assets/given-weights /submission/weights; do
  [ -f "$source/backbone.json" ] && break
  source=
done
if [ -z "$source" ]; then
  echo "no backbone.json in /assets/given-weights or /submission/weights; README.md says what belongs there"
  exit $BAD_DATA
fi

echo '{"event": "start", "text": "copying given weights"}'
# A run that was cut off starts anew; a name that is taken last says that all of it is there.
rm -rf "$output/backbone" "$output/backbone.part"
mkdir "$output/backbone.part"
for file in backbone.safetensors backbone.onnx backbone.json; do
  [ -f "$source/$file" ] || continue
  cp "$source/$file" "$output/backbone.part/$file" || exit $FAILED
  chmod 644 "$output/backbone.part/$file"
done
mv "$output/backbone.part" "$output/backbone"
echo '{"event": "done"}'
exit $DONE
