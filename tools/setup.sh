#!/usr/bin/env bash
# Prepares this checkout: `tools/setup.sh run | test | bench | docs | train`.
#   run    system libraries of the engine, .venv with the engine
#   test   the same, with what its tests need beside it; still no torch
#   bench  the same as test, with the peers that benchmarks measure ours beside
#   docs   .venv with what builds the documentation
#   train  .venv-train with everything: torch, training, tests, lint
# Finished steps leave a stamp, so a second call costs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:?usage: tools/setup.sh run|test|bench|docs|train}
case $purpose in
    run)   venv=.venv       extras=cpu           marks="run" ;;
    test)  venv=.venv       extras=cpu,dev       marks="run test" ;;
    bench) venv=.venv       extras=cpu,dev,bench marks="run test bench" ;;
    docs)  venv=.venv       extras=cpu,docs      marks="run docs" ;;
    train) venv=.venv-train extras=cpu,train,dev marks="train" ;;
    *) echo "tools/setup.sh: unknown purpose '$purpose' (run, test, bench, docs or train)" >&2; exit 2 ;;
esac

as_root() { [ "$(id -u)" = 0 ]; }

apt_install() {
    # One refresh of the lists, then everything at once.
    DEBIAN_FRONTEND=noninteractive apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

system_libraries() {
    command -v dpkg-query >/dev/null || return 0 # not Debian: the wheels and the system bring their own
    if [ "$purpose" = docs ]; then return 0; fi
    local wanted=(libegl1 libgl1 libgl1-mesa-dri libportaudio2 libasound2-plugins)
    case $purpose in
        test | bench) wanted+=(pulseaudio pulseaudio-utils liblo-tools puredata-core xvfb xdotool chromium ffmpeg) ;;
    esac
    if [ "$purpose" = bench ]; then
        wanted+=(g++ libprojectm-dev projectm-data libegl-dev libgl-dev)
    fi
    local missing
    missing=$(missing_packages "${wanted[@]}" | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if as_root; then
        echo "Installing system packages: $missing"
        # shellcheck disable=SC2086 # a list of words
        apt_install $missing || echo "Could not install: $missing (going on without; chromesthesia doctor tells)" >&2
    else
        echo "Missing system packages; to install them: sudo apt-get install -y $missing" >&2
    fi
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "No Python 3.11 or newer was found (set PYTHON=/path/to/python3.11)" >&2
    exit 1
}

virtual_environment() {
    local python
    if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then return; fi
    python=$(find_python)
    echo "Creating $venv with $("$python" --version)"
    if "$python" -m venv "$venv" >/dev/null 2>&1; then return; fi
    # Debian keeps ensurepip in a package of its own.
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if as_root && command -v apt-get >/dev/null; then
        apt_install "python$version-venv" || apt_install python3-venv
        "$python" -m venv "$venv"
    else
        echo "Python cannot make virtual environments yet: sudo apt-get install -y python$version-venv" >&2
        exit 1
    fi
}

fingerprint=$(cat pyproject.toml constraints.txt tools/setup.sh | cksum)
stamped() { [ "$(cat "$venv/.ready-$1" 2>/dev/null)" = "$fingerprint" ]; }
system_stamped() { [ "$(cat "$venv/.system-$purpose" 2>/dev/null)" = "$fingerprint" ]; }

if stamped "$purpose" && system_stamped; then exit 0; fi
virtual_environment
if ! system_stamped; then
    system_libraries
    echo "$fingerprint" >"$venv/.system-$purpose"
fi
if ! stamped "$purpose"; then
    echo "Installing Python packages into $venv ($extras); the first time this takes a minute or more"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$extras]"
    for mark in $marks; do echo "$fingerprint" >"$venv/.ready-$mark"; done
fi
