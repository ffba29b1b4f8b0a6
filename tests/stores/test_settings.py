"""Every setting reads its own example and default, and says what it wants when it does not get it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.stores.adding import add, draft, webhook_url
from apps.stores.models import Notice, Store
from apps.stores.rules import DEFAULTS, Rules
from apps.stores.settings_changing import SettingsRefused, change, read_changes, shown
from apps.stores.settings_table import SETTINGS, UnknownSetting, find

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(db):
    return make()


def make(**settings):
    pairs = {"name": "Molenzicht", "url": "https://molenzicht.example"} | settings
    return add(draft("woocommerce", [f"{k}={v}" for k, v in pairs.items()], ["geheim"]), AT)


def set_all(store, *pairs):
    return change(store, read_changes(pairs), AT)


def errors_of(*pairs):
    with pytest.raises(SettingsRefused) as refused:
        read_changes(pairs)
    return refused.value.errors


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
class TestContract:
    def test_it_reads_its_example_and_writes_it_back_as_the_same(self, setting):
        value = setting.form.parse(setting.example)

        if not setting.form.secret:
            assert setting.form.parse(setting.form.format(value)) == value

    def test_it_reads_its_default(self, setting):
        if setting.default is not None:
            value = setting.form.parse(setting.default)
            assert setting.form.parse(setting.form.format(value)) == value

    def test_it_refuses_what_nobody_means(self, setting):
        with pytest.raises(ValueError):  # noqa: PT011  each form has its own words
            setting.form.parse("\x00" + "x" * 5000)

    def test_it_explains_itself(self, setting):
        assert str(setting.help)
        assert str(setting.form.accepts)

    def test_a_shop_keeps_it(self, setting, store):
        name = f"{setting.name}Own-Key" if setting.family else setting.name

        set_all(store, f"{name}={setting.example}")

        kept = shown(Store.objects.get(pk=store.pk))[name]
        if not setting.form.secret:
            assert kept == setting.form.format(setting.form.parse(setting.example))

    def test_its_default_is_what_a_new_shop_has(self, setting, store):
        if setting.default is not None and not setting.family and setting.name != "notice.opt_in":
            if setting.name == "notice.order":
                assert shown(store)[setting.name] == "off"
            else:
                assert setting.form.parse(shown(store)[setting.name]) == setting.form.parse(setting.default)


def test_the_rules_of_a_new_shop_are_those_of_the_product():
    rules = Rules.read({})

    assert not rules.windows.sunday
    assert [str(cap) for cap in rules.caps] == ["1/16h", "3/7d"]
    assert rules.run_every is None
    assert rules.feed_max_age == timedelta(minutes=15)
    assert rules.valid_for("checkout") == rules.valid_for("cart") == timedelta(hours=24)
    assert rules.valid_for("something new") == timedelta(days=3)
    assert not rules.accepts_marketing
    assert set(DEFAULTS) <= set(SETTINGS)


def test_the_demos_rules_are_all_off(store):
    pairs = [f"{name}=off" for name in ("quiet", "window", "caps", "run_every", "merge_within")]
    set_all(store, *pairs, "max-age=off", "feed_max_age=off", "sunday=on", "abandon_after=8s")

    rules = Rules.of(store)

    assert rules.windows.quiet is None
    assert rules.windows.sunday
    assert rules.caps == ()
    assert rules.run_every == timedelta()
    assert rules.merge_within is rules.max_age is rules.feed_max_age is None
    assert store.abandon_after == timedelta(seconds=8)


def test_dashes_and_underscores_are_equal_but_not_in_the_shops_own_words(store):
    set_all(store, "Time-Zone=Europe/Berlin", "status.on-hold=placed", "consent-meta._x/News-letter=x")

    assert store.time_zone == "Europe/Berlin"
    assert store.order_statuses == {"on-hold": "placed"}
    assert Rules.of(store).consent_meta == {"_x/News-letter": "x"}


def test_a_default_leaves_no_trace(store):
    set_all(store, "caps=off", "status.on-hold=placed", "consent_meta.x=y")
    set_all(store, "caps=1/16h,3/7d", "status.on-hold=default", "consent_meta.x=")

    assert store.rules.get("caps") is None
    assert store.order_statuses == {}
    assert Rules.of(store).consent_meta == {}


def test_all_errors_are_said_at_once_with_an_example():
    errors = errors_of("quit=off", "holdout=200", "max_age=9", "nothing", "transport=ftp://user:pw@h")

    assert len(errors) == 5
    assert "near it: quiet" in errors[1 - 1]
    assert "example: holdout=10" in " ".join(errors)
    assert "pw" not in " ".join(errors)


def test_a_name_that_resembles_nothing_lists_what_there_is():
    with pytest.raises(UnknownSetting, match="there are: name, url"):
        find("zzzzzz")


def test_a_setting_given_twice_is_a_mistake():
    assert errors_of("caps=off", "caps=1/16h") == ("caps: given 2 times",)


def test_windows_that_never_open_are_refused_and_nothing_is_written(store):
    with pytest.raises(SettingsRefused, match="never open"):
        set_all(store, "quiet=00:00-23:59", "window=mo 12:00-13:00", "holdout=5")

    store.refresh_from_db()
    assert store.holdout == 0


def test_a_new_secret_joins_the_old_one_for_a_week(store):
    set_all(store, "webhook_secret=nieuw-geheim")

    newest, oldest = store.secrets.all()
    assert (newest.value, newest.retires_at) == ("nieuw-geheim", None)
    assert (oldest.value, oldest.retires_at) == ("geheim", AT + timedelta(days=7))


def test_a_mail_connection_is_sealed_and_never_shown(store):
    answer = set_all(store, "transport=smtp://user:s3cr3t@smtp.example:2525")

    assert store.transport_url == "smtp://user:s3cr3t@smtp.example:2525"
    assert "s3cr3t" not in store.transport_sealed
    assert answer == {"transport": "smtp://…@smtp.example:2525"}


def test_a_shop_begins_with_the_text_of_the_box_as_it_always_was(store):
    notice = Notice.objects.get(store=store)

    assert (notice.kind, notice.from_at, notice.until_at) == ("opt_in", None, None)
    assert "Molenzicht" in notice.text


def test_a_text_given_with_the_shop_has_always_been_so(db):
    store = make(**{"notice.opt_in": "Ja graag.", "notice.order": "We mailen je."})

    kept = Notice.objects.of(store).values_list("kind", "text", "from_at")
    assert sorted(kept) == [("opt_in", "Ja graag.", None), ("order", "We mailen je.", None)]


def test_a_changed_text_is_dated_and_the_old_one_ends(store):
    set_all(store, "notice.opt_in=Ja, mail mij.")
    set_all(store, "notice.opt_in=off")

    texts = Notice.objects.of(store).order_by("pk")
    assert [(text.from_at, text.until_at) for text in texts] == [(None, AT), (AT, AT)]


def test_off_and_on_again(store):
    assert set_all(store, "active=off") == {"active": "off"}
    assert store.status == Store.Status.PAUSED
    assert set_all(store, "active=on") == {"active": "on"}


def test_a_draft_without_the_needed_names_them_all():
    with pytest.raises(SettingsRefused) as refused:
        draft("magento", ["caps=x"], [])

    said = "\n".join(refused.value.errors)
    assert all(word in said for word in ("platform", "caps", "name: is missing", "url", "webhook_secret"))


def test_the_webhook_address_is_public(store, settings):
    assert webhook_url(store) == f"{settings.ENV.public_url}/webhooks/woocommerce/{store.key}/"


def test_the_holdout_is_a_share(store):
    assert set_all(store, "holdout=12,5%") == {"holdout": "12.5"}
    assert store.holdout == Decimal("12.5")
