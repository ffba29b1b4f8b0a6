#!/bin/sh
# Words on screen anew: finds them all, keeps every Dutch there is (also of locale/parts/*.nl.po), compiles, and shows
# what has none yet. Needs gettext, and python of the engine's environment on the path.
set -eu
cd "$(dirname "$0")/../.."
draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT
dutch=locale/nl/LC_MESSAGES/django.po

msgattrib --translated --no-obsolete --no-wrap "$dutch" -o "$draft/1.po"
for part in locale/parts/*.nl.po; do
  [ ! -e "$part" ] || cp "$part" "$draft/2-$(basename "$part")"
done
msgcat --use-first --no-wrap "$draft"/*.po -o "$draft/known"

# The theme's words are named in tests/i18n/theme.py, so the tests are looked through too.
python manage.py makemessages -l nl -l en --no-wrap --add-location file --no-obsolete --ignore=.venv --ignore=.mandje
for language in nl en; do
  file=locale/$language/LC_MESSAGES/django.po
  # Guesses out, what is known in.
  msgattrib --translated --no-fuzzy --no-obsolete --no-wrap --force-po "$file" -o "$draft/sure"
  known=$draft/known
  [ "$language" = nl ] || known=/dev/null
  msgmerge --quiet --no-fuzzy-matching --no-wrap --add-location=file -C "$known" "$draft/sure" "$file" -o "$draft/merged"
  msgattrib --no-obsolete --no-wrap "$draft/merged" | sed '/^"POT-Creation-Date: /d' > "$file"
  msgfmt --check-format --statistics -o "${file%.po}.mo" "$file"
done
msgattrib --untranslated --no-wrap "$dutch" | sed -n '/^msgid/,$p' | grep '^msg' || true
