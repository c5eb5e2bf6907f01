# curl: ask.sh '<way> <address>'..., one line of answer a task. Ways: curl, and options of curl's own in place of it, joined
# by commas (--ipv6, --http1.1, --resolve,name:443:address).
number=0
for task in "$@"; do
  address=${task#* }
  options=$(printf '%s' "${task%% *}" | tr ',' ' ')
  [ "$options" = curl ] && options=
  # shellcheck disable=SC2086 -- each word is an option
  if answer=$(curl -sSLf --max-time 8 $options "$address" 2>&1); then
    echo "$number ok $answer"
  else
    echo "$number error $(echo "$answer" | tail -n 1)"
  fi
  number=$((number + 1))
done
