# Sourced by the commands beside it: strict mode, the repository's root as working folder, and how
# a preset is configured and built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# One compile cache serves every checkout: paths in it are relative to the root.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}" CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# usage "$0" prints the comment at the top of a command: its --help.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"; }

# build PRESET [TARGET…]: configures once, then builds what changed.
build() {
    local preset=$1
    shift
    if [ ! -f "build/$preset/build.ninja" ]; then
        cmake --preset "$preset" ${CI:+-DHERMOD_WERROR=ON} >"build/configure-$preset.log" 2>&1 \
            || { cat "build/configure-$preset.log" >&2; return 1; }
    fi
    ninja -C "build/$preset" -j "$(build_jobs)" "$@"
}

# A compiler may take 1 GB: no more at a time than there are cores and memory.
build_jobs() {
    local cores memory_gb
    cores=$(nproc)
    memory_gb=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
    [ "$memory_gb" -ge 1 ] || memory_gb=1
    echo $((cores < memory_gb ? cores : memory_gb))
}

# phase NAME COMMAND…: runs it and prints its wall time.
phase() {
    local name=$1 started status=0
    shift
    started=$(date +%s%N)
    "$@" || status=$?
    printf '%-28s %6s s%s\n' "== $name" "$(seconds_since "$started")" \
        "$([ "$status" -eq 0 ] || echo "  FAILED")" | tee -a "${phase_log:-/dev/null}"
    return "$status"
}

seconds_since() {
    local ms=$((($(date +%s%N) - $1) / 1000000))
    printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}
