# Sourced by the commands beside it, which name their `test`.
set -euo pipefail
usage=$(sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=30
engine=sqlite
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=${2:?--rounds needs a number} && shift ;;
    --engine) engine=${2:?--engine needs a name} && shift ;;
    --seed) export HERMOD_FAULT_SEED=${2:?--seed needs a number} && shift ;;
    --help) printf '%s\n' "$usage" && exit ;;
    *) printf '%s: unknown option %s (see --help)\n' "$0" "$1" >&2 && exit 2 ;;
    esac
    shift
done
export HERMOD_FAULT_ROUNDS=$rounds
under=
[ "$engine" != postgres ] || under=script/with-postgres
exec $under node tests/run.mjs fault "/$test.test" --engine "$engine" --timeout $((300 + 60 * rounds))
