#!/usr/bin/env bash
# Run the notebooks as Colab would: its versions, onekl not installed, the first cell installing it.
# The test of a panel's controls runs there too, with Colab's ipywidgets.
# The one change is the address in the first cell, which becomes this checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
env=.venv-colab
export PYDEVD_DISABLE_FILE_VALIDATION=1  # silences debugpy, which this old ipykernel starts
python=$PWD/$env/bin/python
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if [ ! "$env/.installed" -nt requirements-colab.txt ]; then
  "${PYTHON:-python3}" -m venv "$env"
  "$python" -m pip install --quiet --requirement requirements-colab.txt
  touch "$env/.installed"
fi
"$python" -m pip uninstall -qq --yes onekl
versions() { "$python" -m pip list --format freeze --exclude onekl; }
before=$(versions)

mkdir "$folder/notebooks"
cp conftest.py tests/figures/test_panel.py "$folder/"
cp notebooks/*.ipynb "$folder/notebooks/"
"$python" tools/colab.py "$folder/notebooks" > "$folder/first.ipy"
cd "$folder"
"$python" -m IPython --no-banner --no-term-title first.ipy
"$python" -c 'import onekl; print("installed by the first cell:", onekl.__version__)'
if [ "$before" != "$(versions)" ]; then
  echo "the first cell changed more than onekl:" >&2
  diff <(echo "$before") <(versions) >&2 || true
  exit 1
fi

OMP_NUM_THREADS=1 ONEKL_PROFILE=quick ONEKL_CHECKPOINTS="$folder/checkpoints" \
  "$python" -m pytest -q -n 2 --dist loadfile --nbval --nbval-current-env notebooks test_panel.py
