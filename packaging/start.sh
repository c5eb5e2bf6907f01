#!/bin/sh
# Starts the desktop program where Chromium can have its sandbox, and the panel in the browser where it cannot. It is never started
# without that sandbox, whatever is asked for.
here=$(dirname "$(readlink -f "$0")")

in_browser() {
  echo "belljar: $1, so the panel opens in your browser." >&2
  exec "$here/resources/node/bin/node" "$here/resources/belljar/dist/cli/belljar.js" panel
}

# Electron takes this for the same wish.
unset ELECTRON_DISABLE_SANDBOX
# An AppImage's own starter adds this where it finds no namespaces. Chromium takes one dash for two, and any value behind it.
for word in "$@"; do
  case $word in
    -*no-sandbox* | -*no-zygote-sandbox* | -*disable-*sandbox*)
      in_browser "$word was asked for, and the window's page is never shown without Chromium's sandbox"
      ;;
  esac
done
[ "$(id -u)" != 0 ] || in_browser "as root Chromium has no sandbox"
# Its own helper, set up by a package's installation; else namespaces of a user, which some systems keep back.
helper=$here/chrome-sandbox
if [ -u "$helper" ] && [ "$(stat -c %u "$helper")" = 0 ]; then
  exec "$here/belljar-desktop.bin" "$@"
fi
# Where namespaces are kept from programs without a profile (Ubuntu 24.04 and later), the package's own profile lets the window have them:
# so it is asked for under that one.
unshare --user --map-root-user true 2>/dev/null ||
  aa-exec -p belljar-desktop -- unshare --user --map-root-user true 2>/dev/null ||
  in_browser "this system lets Chromium have no sandbox here"
exec "$here/belljar-desktop.bin" "$@"
