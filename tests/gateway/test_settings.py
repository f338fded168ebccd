"""Settings: what a gateway.toml may say, and what it may not."""

from __future__ import annotations

import hashlib
import sqlite3
import sys

import pytest

from guardlayer import Guard
from guardlayer.errors import ConfigError
from guardlayer.gateway import Caller, Settings, create_app
from guardlayer.gateway.settings import digest_of, read_toml
from guardlayer.types import Principal

DIGEST = hashlib.sha256(b"sk-1").hexdigest()


def write(tmp_path, text):
    """Write a gateway.toml, and return its path."""
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return path


def test_a_file_says_who_may_call_and_how(tmp_path):
    """Keys have names, digests and rules; what one leaves out is what the file says for all."""
    (tmp_path / "own.toml").write_text('extends = "strict"\n')
    path = write(
        tmp_path,
        f"""
upstream = "https://api.example/v1/"
hold = "full"
keep_alive = 3.0
unguarded = ["/v1/batches"]
[[keys]]
name = "support"
digest = "sha256:{DIGEST}"
policy = "own.toml"
raises = "findings"
principal = "alice"
attributes = {{ groups = ["support"] }}
[[keys]]
name = "other"
digest = "{digest_of("sk-2")}"
hold = "sentence"
""",
    )
    settings = read_toml(path, upstream_key="sk-up")
    assert (settings.upstream, settings.keep_alive, settings.unguarded) == (
        "https://api.example/v1",
        3.0,
        ("/v1/batches",),
    )
    support = settings.caller({"authorization": "Bearer sk-1"})
    assert (support.name, support.hold, support.raises, support.policy.name) == ("support", "full", "findings", "own")
    assert support.principal == Principal("alice", attributes={"groups": ["support"]})
    assert settings.caller({"x-api-key": "sk-2"}).principal is None
    assert settings.caller({"x-api-key": "sk-2"}).hold == "sentence"
    assert settings.caller({"authorization": "Bearer sk-3"}) is None
    assert settings.caller({}) is None
    assert settings.caller({"authorization": f"Bearer {DIGEST}"}) is None


def test_everybody_is_welcome_where_the_file_says_so(tmp_path):
    """A [default] table gives rules to callers without a key; without keys there is one anyway."""
    path = write(
        tmp_path, f'upstream = "http://u"\n[[keys]]\nname = "a"\ndigest = "{DIGEST}"\n[default]\nraises = true\n'
    )
    assert read_toml(path).caller({}).raises is True
    assert read_toml(write(tmp_path, 'upstream = "http://u"')).caller({}).name == "default"
    assert read_toml(path).upstream == "http://u/v1"


def test_a_guard_of_its_own_is_read_beside_the_file(tmp_path):
    """A key may name a guardlayer.toml: other knowledge, another log, another policy."""
    (tmp_path / "support.toml").write_text('[guard]\npolicy = "strict"\nlog = false\n')
    path = write(
        tmp_path, f'upstream = "http://u"\n[[keys]]\nname = "a"\ndigest = "{DIGEST}"\nguard = "support.toml"\n'
    )
    (caller,) = read_toml(path).callers
    assert caller.guard.policy.name == "strict"


def test_the_guard_of_a_key_finds_the_databases_that_the_environment_names(tmp_path):
    """Live state is asked where the deployment says, and a variable that is not set is an error at the start."""
    pytest.importorskip("sqlalchemy", reason="needs the extra sql: pip install 'guardlayer-facts[sql]'")
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id TEXT, status TEXT)")
        shop.execute("INSERT INTO orders VALUES ('4711', 'processing')")
    (tmp_path / "state.toml").write_text(
        """[databases.shop]
url_env = "SHOP_URL"
[queries.order_status]
database = "shop"
sql = "SELECT status FROM orders WHERE id = :order"
says = ["order {order}"]
value = "status"
values = { shipped = ["sent"], processing = ["being packed"] }
[queries.order_status.parameters]
order = { pattern = "[0-9]{3,10}" }
"""
    )
    (tmp_path / "shop.toml").write_text('[guard]\nlog = false\n[state]\nqueries = "state.toml"\n')
    path = write(tmp_path, f'upstream = "http://u"\n[[keys]]\nname = "a"\ndigest = "{DIGEST}"\nguard = "shop.toml"\n')
    (caller,) = read_toml(path, environment={"SHOP_URL": f"sqlite:///{tmp_path / 'shop.db'}"}).callers
    report = caller.guard.check("Your order 4711 has shipped.")
    assert report.claims[0].verdict == "contradicted"
    with pytest.raises(ConfigError, match="SHOP_URL"):
        read_toml(path, environment={})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no upstream"),
        ("x = 1", "unknown key 'x'"),
        ("upstream = ", "is not TOML"),
        ('upstream = "ftp://x"', "no http or https URL"),
        ('upstream = "https://user:pw@x/v1"', "holds credentials"),
        ('upstream = "https://x/v1?key=1"', "has a query"),
        ('upstream = "http://x"\nhold = "none"', "hold"),
        ('upstream = "http://x"\nkeep_alive = 0.0', "keep_alive"),
        ('upstream = "http://x"\nunguarded = ["/"]', "unguarded"),
        ('upstream = "http://x"\n[[keys]]\nname = "a"\ndigest = "sk-secret"', "never write the key here"),
        ('upstream = "http://x"\n[[keys]]\nname = "a"\nkey = "sk-secret"\ndigest = "x"', "unknown key 'keys.0.key'"),
        (f'upstream = "http://x"\n[[keys]]\nname = "a"\ndigest = "{DIGEST}"\npolicy = "strct"', "strct"),
        ('upstream = "http://x"\n[default]\nattributes = { groups = ["hr"] }', "attributes without principal"),
        ('upstream = "http://x"\n[default]\nprincipal = ""', "has 1 to"),
        (f'upstream = "http://x"\n[[keys]]\nname = "a"\ndigest = "{DIGEST}"\n[[keys]]\nname = "b"\ndigest = "{DIGEST}"', "no two the same"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_a_key_is_never_repeated(tmp_path, text, says):
    """The message says what is wrong; what stands where a secret may be is not repeated."""
    with pytest.raises(ConfigError) as caught:
        read_toml(write(tmp_path, text))
    assert says in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert "user:pw" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    """A file that is not there is an error, not a default."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        read_toml(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("rules", [{"hold": "all"}, {"raises": "always"}])
def test_a_rule_is_one_of_those_there_are(rules):
    """Rules given in Python are held to the same."""
    with pytest.raises(ConfigError):
        Caller(**rules)


def test_secrets_are_not_in_the_repr():
    """Printing settings shows neither the upstream's key nor a digest."""
    settings = Settings(upstream="http://u", upstream_key="sk-up", callers=(Caller(name="a", digest=DIGEST),))
    assert "sk-up" not in repr(settings)
    assert DIGEST not in repr(settings)


@pytest.mark.parametrize("missing", ["starlette", "httpx"])
def test_without_the_extra_the_error_names_it(monkeypatch, missing):
    """Where a package is not installed, the error says what to install."""
    for name in [name for name in sys.modules if name.startswith((missing, "guardlayer.gateway."))]:
        if name != "guardlayer.gateway.settings":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError, match=r"guardlayer-facts\[gateway\]"):
        create_app(Guard(log=None), Settings(upstream="http://u"))
