from __future__ import annotations

from parties.owned_module import OwnedModule
from parties.registry import get_modules


class TestIdentity:
    def test_is_made_of_fields_that_the_wire_type_has_under_the_same_name(self):
        modules = [module for module in get_modules().values() if isinstance(module, OwnedModule)]

        assert modules
        for module in modules:
            assert set(module.identity) <= set(module.wire.__struct_fields__)
            assert set(module.identity) <= set(module.wire.__struct_encode_fields__)
