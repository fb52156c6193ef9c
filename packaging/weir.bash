# Completion of weir for bash. What there is it asks weir itself, so it cannot be out of date.

# Option names of a command, one a line; with "values" only those that take one.
_weir_options() {
  "$1" "$2" --help 2>/dev/null | sed -n 's/^  \(-[^ ]*\) *\(.*\)/\1 \2/p' | while read -r names first rest; do
    if [[ ${3-} != values || $first =~ ^[A-Z]+(=[A-Z]+)?$ ]]; then echo "${names//,/$'\n'}"; fi
  done
}

# Whether a program is named already: behind it its own arguments follow.
_weir_has_program() {
  local with_value word i
  with_value=$(_weir_options "$1" "$2" values)
  for ((i = 2; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    [[ $word == -- || $word != -* ]] && return 0
    grep -qxF -e "$word" <<<"$with_value" && ((++i))
  done
  return 1
}

_weir() {
  local weir=${COMP_WORDS[0]} command=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]} words=
  if ((COMP_CWORD == 1)); then
    words="$("$weir" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p') help --help --version"
  elif [[ $command == help ]]; then
    words=$("$weir" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
  elif [[ $current == -* ]]; then
    case $command in
      run | submit | script) _weir_has_program "$weir" "$command" || words=$(_weir_options "$weir" "$command") ;;
      *) words=$(_weir_options "$weir" "$command") ;;
    esac
  elif [[ $command == logs || $command == status || $command == cancel ]]; then
    words=last
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -o default -F _weir weir
