from __future__ import annotations

import json
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi import patch
from ocpi.patch import (
    Keyed,
    MissingChild,
    PatchError,
    get_child,
    get_field,
    merge,
    patch_child,
    replace_child,
    set_fields,
)

MERGE_BY = {"evses": Keyed("uid", {"connectors": Keyed("id")})}
LOCATION = (
    b'{"id":"L1","name":"S\xc3\xbcd","price":0.10,"evses":['
    b'{"uid":"Ab","status":"AVAILABLE","connectors":[{"id":"1","v":230.0},{"id":"2","v":1e2}],"x":"\\u00fc"},'
    b'{"uid":"B","status":"CHARGING","connectors":[{"id":"1","v":400}]}],"last_updated":"1"}'
)
EVSE = ("evses", "uid", "ab")
CONNECTOR = ("connectors", "id", "2")

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
objects = st.dictionaries(st.text(max_size=4), values, max_size=6)


def raw_json(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()


class TestMerge:
    def test_replaces_what_the_patch_holds_by_its_own_text(self):
        assert merge(b'{"a":1.10,"b":2}', b'{"b":3.000,"c":[ 1 ]}') == b'{"a":1.10,"b":3.000,"c":[ 1 ]}'

    def test_ignores_null(self):
        assert merge(b'{"a":1}', b'{"a":null,"b":null}') == b'{"a":1}'  # AMB-06

    def test_replaces_arrays_that_are_not_named(self):
        assert merge(b'{"a":[1,2]}', b'{"a":[3]}') == b'{"a":[3]}'

    @pytest.mark.parametrize(
        ("document", "patch", "merged"),
        [
            (b'{"p":[1.0]}', b'{"p":[2.00]}', b'{"p":[1.0,2.00]}'),
            (b'{"p":[1.0]}', b'{"p":[]}', b'{"p":[1.0]}'),
            (b'{"p":[1.0]}', b'{"p":null}', b'{"p":[1.0]}'),
            (b'{"p":[1.0]}', b"{}", b'{"p":[1.0]}'),
            (b'{"p":null}', b'{"p":[2]}', b'{"p":[2]}'),
            (b"{}", b'{"p":[2]}', b'{"p":[2]}'),
        ],
    )
    def test_appends_where_told(self, document, patch, merged):
        assert merge(document, patch, append=frozenset({"p"})) == merged  # SESS-05

    def test_merges_elements_by_key_and_deletes_none(self):
        patch = b'{"evses":[{"uid":"aB","status":"BLOCKED","connectors":[{"id":"2","v":5.50},{"id":"3"}]}]}'

        merged = merge(LOCATION, patch, merge_by=MERGE_BY)

        assert merged == LOCATION.replace(b"AVAILABLE", b"BLOCKED").replace(b"1e2}]", b'5.50},{"id":"3"}]')

    def test_adds_an_element_that_is_not_there(self):
        merged = merge(b'{"evses":[{"uid":"1"}]}', b'{"evses":[{"uid":"2"}]}', merge_by=MERGE_BY)

        assert merged == b'{"evses":[{"uid":"1"},{"uid":"2"}]}'

    @pytest.mark.parametrize(
        ("patch", "field"),
        [
            (b'{"evses":{}}', "evses"),
            (b'{"evses":[{"status":"X"}]}', "evses[0].uid"),
            (b'{"evses":[{"uid":7}]}', "evses[0].uid"),
            (b'{"evses":[3]}', "evses[0]"),
            (b'{"evses":[{"uid":"B","connectors":[{"v":1}]}]}', "evses[0].connectors[0].id"),
            (b'{"evses":[{"uid":"B"},{"uid":"b"}]}', "evses[1].uid"),
            (b'{"evses":[{"uid":"new"},{"uid":"NEW"}]}', "evses[1].uid"),
            (b'{"evses":[{"uid":"B","connectors":[{"id":"1"},{"id":"1"}]}]}', "evses[0].connectors[1].id"),
            (b"[]", "patch"),
            (b"{", "patch"),
        ],
    )
    def test_names_what_it_cannot_merge(self, patch, field):
        with pytest.raises(PatchError) as caught:
            merge(LOCATION, patch, merge_by=MERGE_BY)

        assert caught.value.field == field

    def test_reads_each_element_a_few_times_however_many_there_are(self, monkeypatch: pytest.MonkeyPatch):  # TRANS-32
        read, count = Mock(wraps=patch._read), 50
        monkeypatch.setattr(patch, "_read", read)
        elements = raw_json({"evses": [{"uid": str(n), "connectors": [{"id": str(n)}]} for n in range(count)]})

        merge(elements, elements, merge_by=MERGE_BY)

        assert read.call_count <= 10 * count

    @given(objects, objects)
    def test_is_what_json_says_and_touches_no_other_bytes(self, document, patch):
        merged = merge(raw_json(document), raw_json(patch))

        said = {name: value for name, value in patch.items() if value is not None}
        assert json.loads(merged) == document | said
        for name in document:
            source = patch if name in said else document
            assert get_field(merged, name) == get_field(raw_json(source), name)

    @given(objects, objects)
    def test_twice_is_once(self, document, patch):
        once = merge(raw_json(document), raw_json(patch))

        assert merge(once, raw_json(patch)) == once

    @given(st.lists(st.tuples(st.sampled_from("abc"), objects), max_size=4), st.sampled_from("ABCD"), objects)
    def test_by_key_is_idempotent_and_keeps_the_other_elements_bytes(self, elements, uid, part):
        document = raw_json({"evses": [one | {"uid": key + str(n)} for n, (key, one) in enumerate(elements)]})
        patch = raw_json({"evses": [{k: v for k, v in part.items() if k != "connectors"} | {"uid": uid + "0"}]})

        once = merge(document, patch, merge_by=MERGE_BY)

        twice = merge(once, patch, merge_by=MERGE_BY)
        assert json.loads(twice) == json.loads(once)
        for number, (key, _) in enumerate(elements):
            if (key + str(number)).upper() != uid + "0":
                step = ("evses", "uid", key + str(number))
                assert get_child(once, [step]) == get_child(document, [step])

    @given(st.lists(scalars), st.lists(scalars))
    def test_append_is_concatenation(self, old, new):
        merged = merge(raw_json({"p": old}), raw_json({"p": new}), append=frozenset({"p"}))

        assert json.loads(merged) == {"p": old + new}


class TestFields:
    def test_are_got_as_they_stand(self):
        assert get_field(LOCATION, "price") == b"0.10"
        assert get_field(b'{"a":null}', "a") is None
        assert get_field(b"{}", "a") is None

    def test_are_set_and_nothing_else_changes(self):
        assert set_fields(LOCATION, {"last_updated": b'"2"'}) == LOCATION.replace(
            b'"last_updated":"1"', b'"last_updated":"2"'
        )
        assert set_fields(b"{}", {"a": b"1.0"}) == b'{"a":1.0}'


class TestChildren:
    def test_are_found_without_case(self):
        assert get_child(LOCATION, [EVSE, CONNECTOR]) == b'{"id":"2","v":1e2}'
        assert get_child(LOCATION, [("evses", "uid", "none"), CONNECTOR]) is None
        assert get_child(LOCATION, [EVSE, ("connectors", "id", "9")]) is None
        assert get_child(b'{"evses":null}', [EVSE]) is None

    def test_are_replaced_and_all_other_bytes_stay(self):
        changed = replace_child(LOCATION, [EVSE, CONNECTOR], b'{"id":"2", "v":7.70}')

        assert changed == LOCATION.replace(b'{"id":"2","v":1e2}', b'{"id":"2", "v":7.70}')

    def test_are_added_where_they_are_new(self):
        changed = replace_child(LOCATION, [EVSE, ("connectors", "id", "3")], b'{"id":"3"}')

        assert changed == LOCATION.replace(b'"v":1e2}]', b'"v":1e2},{"id":"3"}]')

    def test_are_not_put_below_a_parent_that_is_not_there(self):
        with pytest.raises(MissingChild) as caught:
            replace_child(LOCATION, [("evses", "uid", "Z"), CONNECTOR], b"{}")

        assert caught.value.step == ("evses", "uid", "Z")  # AMB-46

    def test_are_patched_and_all_other_bytes_stay(self):
        changed = patch_child(LOCATION, [EVSE], b'{"status":"BLOCKED","floor":null}')

        assert changed == LOCATION.replace(b"AVAILABLE", b"BLOCKED")

    def test_keep_the_spelling_of_their_id(self):
        assert patch_child(LOCATION, [EVSE], b'{"uid":"AB"}') == LOCATION

    def test_are_patched_by_key_below(self):
        changed = patch_child(LOCATION, [EVSE], b'{"connectors":[{"id":"1","v":1}]}', merge_by=MERGE_BY["evses"].within)

        assert changed == LOCATION.replace(b"230.0", b"1")

    @pytest.mark.parametrize("path", [[("evses", "uid", "Z")], [EVSE, ("connectors", "id", "9")]])
    def test_are_not_made_by_a_patch(self, path):
        with pytest.raises(MissingChild) as caught:
            patch_child(LOCATION, path, b"{}")

        assert caught.value.step == path[-1]  # AMB-07
