#!/usr/bin/env bash
# Copy the pinned MathJax out of its npm package into book/vendor, and write the hash manifest.
# Only maintainers run this (`make vendor`): the result is committed, so building the book needs no node.
set -euo pipefail
cd "$(dirname "$0")/.."

npm ci --silent
from=node_modules/mathjax
to=book/vendor/mathjax
# Every extension that MathJax's autoloader can ask for, so that no command of TeX leads to a missing file.
extensions="action amscd bbox boldsymbol braket bussproofs cancel color enclose extpfeil html mhchem unicode verb"

rm -rf "$to"
mkdir -p "$to/input/tex/extensions" "$to/output/chtml/fonts"
cp "$from/LICENSE" "$from/es5/tex-mml-chtml.js" "$to/"
cp -r "$from/es5/output/chtml/fonts/woff-v2" "$to/output/chtml/fonts/"
for name in $extensions; do
  cp "$from/es5/input/tex/extensions/$name.js" "$to/input/tex/extensions/"
done
chmod -R u=rwX,go=rX "$to"

cd book/vendor
find mathjax -type f | LC_ALL=C sort | xargs sha256sum > ../vendor.sha256
echo "book/vendor: $(wc -l < ../vendor.sha256) files, $(du -sh mathjax | cut -f1)"
