# Sourced by ./start and ./test: the virtual environment, and Debian's packages where it may bring them.
# Plain bash and coreutils: it runs where nothing else is installed yet.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
oldest=11 newest=14 # Python 3.oldest to 3.newest; pyproject.toml's requires-python says the same

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# apt_install WHY PACKAGE...
apt_install() {
    local why=$1 log as=()
    shift
    local command="apt-get install -y --no-install-recommends $*"
    have apt-get ||
        fail "$why, and there is no apt-get here: install what Debian calls $* in this system's own way, then run this again."
    if [ "$(id -u)" != 0 ]; then
        as=(sudo)
        { have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; } ||
            fail "$why, and installing needs root: run  $command  as root, then run this again."
    fi
    say "$why: installing $* with apt-get (a minute or so)."
    log=$(mktemp)
    # an update that fails for one source may still leave a list that is good enough
    "${as[@]}" apt-get -q update >"$log" 2>&1 </dev/null || true
    if ! "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 install -y \
        --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
        grep -E '^(E|W|Err):?' "$log" | tail -n 4 >&2 || true
        rm -f "$log"
        fail "$why, and apt-get could not install $* (its words are above): check the network, then run  ${as[*]:+sudo }apt-get update && ${as[*]:+sudo }$command"
    fi
    rm -f "$log"
}

# Prints the first Python that Descent runs on.
suitable_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        have "$candidate" || continue
        "$candidate" -c "import sys; sys.exit(not (3, $oldest) <= sys.version_info[:2] <= (3, $newest))" 2>/dev/null || continue
        command -v "$candidate"
        return
    done
    return 1
}

make_environment() {
    local python range="Python 3.$oldest to 3.$newest"
    if ! python=$(suitable_python); then
        [ -z "${PYTHON:-}" ] || fail "Descent needs $range, and PYTHON=$PYTHON is not one: name another, or leave PYTHON unset."
        apt_install "Descent needs $range and finds none" python3 python3-venv
        python=$(suitable_python) ||
            fail "Descent needs $range, and this system's packages bring $(python3 --version 2>&1): install a newer one, then run  PYTHON=/path/to/python ./start"
    fi
    # Debian ships Python without this part of its standard library
    "$python" -c 'import ensurepip' 2>/dev/null ||
        apt_install "Python's venv is missing" "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    say "Making the virtual environment $venv with $("$python" --version)."
    "$python" -m venv --clear "$venv" ||
        fail "$python could not make $venv (its words are above): make room or name another with PYTHON=/path/to/python, then run this again."
}

pip_install() {
    local quiet=(-q)
    [ ! -t 1 ] || quiet=()
    "$venv/bin/python" -m pip install --disable-pip-version-check "${quiet[@]}" "$@" >&2
}

# What an installation depends on. When it is as the stamp says, there is nothing to do.
fingerprint() { printf '%s\n' "$(cksum <"$root/pyproject.toml")" "$root" "$("$venv/bin/python" --version 2>&1)"; }

# installed KIND: is that kind of installation in place and of today's pyproject.toml?
installed() { [ -f "$venv/installed-$1" ] && [ "$(cat "$venv/installed-$1")" = "$(fingerprint)" ]; }

# A comparison only: the tests of agreement with PyTorch are skipped without it. Its pin is the first
# installation, so that nothing else can bring another version.
install_torch() {
    [ -z "${WITHOUT_TORCH:-}" ] || { say "Leaving PyTorch out, as WITHOUT_TORCH says."; return; }
    say "Installing PyTorch, for the tests that compare with it (WITHOUT_TORCH=1 leaves it out)."
    pip_install torch==2.13.0 ||
        say "PyTorch 2.13.0 could not be installed: going on without it; the tests that compare with it are skipped."
}

# set_up run|dev: the environment with the package in it, editable; dev holds the tools of the checks too.
set_up() {
    local kind=$1 what=$root
    ! installed dev || return 0
    if [ "$kind" = run ] && installed run; then return 0; fi
    [ -w "$root" ] || fail "Descent is set up in $venv, and $(id -un) may not write there: clone it to a folder of your own and run it from there."
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_environment
    rm -f "$venv"/installed-*
    if [ "$kind" = dev ]; then
        install_torch
        what="$root[dev]"
    fi
    say "Installing Descent and its Python packages into $venv (a few minutes the first time)."
    pip_install -e "$what" ||
        fail "pip could not install Descent's packages (its words are above): check the network and the free disk space, then run this again."
    fingerprint >"$venv/installed-$kind"
}
