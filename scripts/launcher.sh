#!/bin/sh
':' //; command -v node > /dev/null || { echo "bima: expected node on the PATH, got none in $PATH" >&2; [ -z "$SUDO_USER" ] || echo '  sudo has a PATH of its own. To hand yours on: sudo env "PATH=$PATH" bima ...' >&2; exit 127; }
':' //; exec node "$0" "$@"
