# Sourced by the other scripts: makes the project's own virtual environment once and uses it from then on.
# Needs Python 3.11 or newer and nothing else. TPI_VENV names another place for the environment.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${TPI_VENV:-$root/.venv}

find_python() {
  local name
  for name in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "Python 3.11 or newer is needed and was not found. Install it, or name it with PYTHON=/path/to/python." >&2
  exit 1
}

make_venv() {
  local python
  python=$(find_python)
  if "$python" -m venv --clear "$venv" >/dev/null 2>&1; then return; fi
  # Debian keeps what venv needs in a package of its own.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update && apt-get -qq install -y python3-venv >/dev/null
  fi
  if ! "$python" -m venv --clear "$venv" >/dev/null; then
    rm -rf "$venv"
    echo "Python cannot make a virtual environment here. On Debian or Ubuntu: apt-get install python3-venv" >&2
    exit 1
  fi
}

# install EXTRAS: the project as it stands in this folder, with extras such as 'test,dev'; quick when it is there already.
install() {
  local extras=${1:-} stamp want
  stamp=$venv/.installed-${extras//,/-}
  want="$root $(cksum <"$root/pyproject.toml")"
  if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return; fi
  if ! [ -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then make_venv; fi
  echo "Installing what is needed into $venv (once) ..." >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$root${extras:+[$extras]}" >&2
  echo "$want" >"$stamp"
}

# is_installed: whether TPI_VENV names an environment that has the tool already; nothing is installed into such a one.
is_installed() {
  [ -n "${TPI_VENV:-}" ] && "$venv/bin/python" -P -c 'import tpi_dhis2.cli.scheduled, dhis2' 2>/dev/null
}
