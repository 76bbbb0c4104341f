"""Verifies an exported log from one line of trust. A second program, written from docs/formats.md alone.

    python3 verify_log.py FOLDER TRUST

It needs Python's standard library and ed25519.py beside it. It checks hash tiles, root, policy, the checkpoint's signature and
cosignatures, and of every entry the clerk's and every signer's line under the key that was good there, from the keys of
entry 0 to those that later entries bring. It ends with 0, or with 1 and the first fault. `countersign audit` also judges
records by the rules.
"""

import base64, hashlib, json, os, re, sys

import ed25519

CLERK = b"\xffcountersign/v1"
KEY_NAME = re.compile(r"(US|RU|RO|PL)/(root|recovery|centre|leader|escort|mirror|witness|window)/[A-Za-z0-9._-]{1,64}")

Fault = type("Fault", (Exception,), {})

def demand(holds, where, what):
    if not holds:
        raise Fault(f"{where}: {what}")

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def decode64(text, where):
    raw = base64.b64decode(text)  # it passes over what is not base64; what it read must be what stands there
    demand(base64.b64encode(raw) == text.encode(), where, "not base64 in its one spelling")
    return raw

class Key:
    """A key of any type: its name, its 32 bytes, and where it was good."""
    def __init__(self, vkey, where):
        self.vkey, (self.name, identity, encoded) = vkey, (vkey.split("+", 2) + ["", ""])[:3]
        raw = decode64(encoded, where)
        self.kind, self.public = raw[:-32], raw[-32:]
        demand(self.kind in (b"\x01", b"\x04", CLERK), where, "a key of an unknown type")
        demand(self.id_as(self.kind).hex() == identity, where, "a key id that does not fit its key")
        demand(ed25519.key(self.public) is not None, where, "a key that must not be admitted")
        self.since, self.revoked = -1, None

    def id_as(self, kind):
        return sha256(self.name.encode(), b"\n", kind, self.public)[:4]

    def is_good_at(self, index):
        return self.since < index and (self.revoked is None or index <= self.revoked)

def read_note(raw, where):
    """The text of a note, and its lines: name, key id, blob."""
    note = raw.decode()
    demand(not re.search("[\x00-\x09\x0b-\x1f]", note), where, "a control character")
    head, empty, tail = note.rpartition("\n\n")
    demand(empty and tail.endswith("\n"), where, "not a signed note")
    lines = []
    for line in tail[:-1].split("\n"):
        found = re.fullmatch(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
        demand(found, where, "a malformed signature line")
        blob = decode64(found[2], where)
        lines.append((found[1], blob[:4], blob[4:]))
    return head + "\n", lines

def strict_json(text, where):
    def once(pairs):
        demand(len(dict(pairs)) == len(pairs), where, "a member that stands twice")
        return dict(pairs)
    return json.loads(text, object_pairs_hook=once)

def root_of(hashes):
    """The Merkle root over hashes of leaves or of complete subtrees of one height (RFC 6962, section 2.1)."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01", root_of(hashes[:split]), root_of(hashes[split:]))

def tiles(kind, count):
    """Path, first position and width of every tile over so many things."""
    for start in range(0, count, 256):
        number, width = str(start // 256), min(256, count - start)
        groups = re.findall("...", number.zfill(-(-len(number) // 3) * 3))
        path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
        yield f"tile/{kind}/{path}" + (f".p/{width}" if width < 256 else ""), start, width

class Log:
    """An exported folder, read file by file; at the end none may be left unread."""
    def __init__(self, folder):
        self.folder = folder
        self.unread = {os.path.relpath(f"{at}/{name}", folder) for at, _, names in os.walk(folder) for name in names}

    def read(self, name, most):
        path = os.path.join(self.folder, name)
        demand(os.path.isfile(path), name, "not there, or not a file")
        demand(os.path.getsize(path) <= most, name, "larger than it can be")
        self.unread.discard(name)
        return open(path, "rb").read()

    def entries(self, size):
        for path, start, width in tiles("entries", size):
            raw, at = self.read(path, width * 65537), 0
            for index in range(start, start + width):
                length = int.from_bytes(raw[at : at + 2], "big")
                entry = raw[at + 2 : at + 2 + length]
                demand(len(entry) == length and at + 2 <= len(raw), path, "too short")
                at += 2 + length
                yield index, entry
            demand(at == len(raw), path, "too long")

def check_tiles(log, leaves):
    """Every hash tile is what the entries add up to."""
    level, hashes = 0, leaves
    while hashes:
        for path, start, width in tiles(level, len(hashes)):
            found = log.read(path, width * 32)
            demand(found == b"".join(hashes[start : start + width]), path, "not what the entries add up to")
        hashes = [root_of(hashes[256 * i : 256 * i + 256]) for i in range(len(hashes) // 256)]
        level += 1

class Register:
    """The keys, as entry 0 names them and as later entries change them."""
    def __init__(self, origin):
        self.origin, self.keys, self.last, self.quorum, self.own = origin, {}, 0, None, {"log_vkey": [], "clerk_vkey": []}

    def own_at(self, office, size):
        return [key for after, key in self.own[office] if after < size][-1]

    def terms(self, body, index, where):
        after, self.quorum = body["log_until"] if index and "log_until" in body else 0, body.get("quorum", self.quorum)
        for office, name in (("log_vkey", self.origin), ("clerk_vkey", f"{self.origin}/clerk")):
            if office in body:
                key = Key(body[office], where)
                demand(key.name == name and (index == 0 or after > index), where, "a key that does not fit")
                self.own[office].append((after, key))

    def demand_root(self, signer, authority, where):
        role = signer.split("/")[1]
        newest = [name for name in self.keys if name.startswith(f"{authority}/{role}/")][-1:]
        demand(role in ("root", "recovery") and newest == [signer], where, f"{signer} is no root of {authority}")

    def begin(self, record, where):
        for vkey in (roots[role] for roots in record["body"]["roots"].values() for role in ("root", "recovery")):
            key = Key(vkey, where)
            key.since, self.keys[key.name] = 0, key
        wanted = {name for name in self.keys if "/root/" in name}
        demand(set(record["signers"]) == wanted, where, "not signed by every root that it names")

    def introduced(self, record, index, where):
        body, signers, key = record["body"], record["signers"], Key(record["body"]["vkey"], where)
        named = KEY_NAME.fullmatch(key.name)
        fits = named and key.name == body["name"] and named[2] == body["role"]
        demand(fits and signers[1:] == [key.name] and key.name not in self.keys, where, "registers a key that does not fit")
        self.demand_root(signers[0], named[1], where)
        key.since = index
        return key

    def check(self, index, entry, where):
        text, lines = read_note(entry, where)
        first, origin, body = text.split("\n", 2)
        demand(first == "countersign/record/v1" and origin == self.origin, where, "not a record of this ledger")
        record = strict_json(body, where)
        kind, signers = record["kind"], record["signers"]
        demand(index > 0 or kind == "terms", where, "no terms")
        if index == 0:
            self.begin(record, where)
        elif kind == "terms":
            demand(sorted(name[:8] for name in signers) == ["RU/root/", "US/root/"], where, "not signed by both roots")
            [self.demand_root(name, name[:2], where) for name in signers]
        if kind == "terms":
            self.terms(record["body"], index, where)
        new = self.introduced(record, index, where) if kind == "key_registration" else None
        self.countersigned(text, self.own_at("clerk_vkey", index + 1), where, *lines.pop())
        demand(sorted(name for name, _, _ in lines) == sorted(signers), where, "lines that the record does not name")
        for name, identity, blob in lines:
            key = new if new and name == new.name else self.keys.get(name)
            demand(key is not None, where, f"{name} is no key of this ledger")
            demand(key is new or index == 0 or key.is_good_at(index), where, f"{name} was not good here")
            demand(identity == key.id_as(b"\x01"), where, f"another key under the name {name}")
            demand(ed25519.verify(key.public, text.encode(), blob), where, f"the signature of {name} is not good")
        self.keys.update({new.name: new} if new else {})
        if kind == "key_revocation":
            revoked = self.keys[record["body"]["name"]]
            self.demand_root(signers[0], revoked.name.split("/")[0], where)
            revoked.revoked = index
        return sha256(text.encode())

    def cosigners(self):
        return [key for key in self.keys.values() if key.kind == b"\x04" and key.revoked is None]

    def cosigned(self, text, name, identity, blob):
        for key in (key for key in self.cosigners() if (name, identity) == (key.name, key.id_as(b"\x04"))):
            message = f"cosignature/v1\ntime {int.from_bytes(blob[:8], 'big')}\n{text}"
            demand(ed25519.verify(key.public, message.encode(), blob[8:]), "checkpoint", f"{name} did not cosign it")

    def group(self, quorum, lines):
        if isinstance(quorum, str):
            keys = [key for key in self.cosigners() if f"{key.name}/".startswith(quorum.rstrip("/") + "/")]
            lines += [f"witness {key.name} {key.vkey}" for key in keys]
            name, threshold, members = f"any:{quorum}", "any", [key.name for key in keys]
        else:
            threshold, of = (quorum["n"], quorum["of"]) if "n" in quorum else next(iter(quorum.items()))
            members = [self.group(one, lines) for one in of]
            name = f"group-{self.groups + 1}"
        self.groups += 1
        lines.append(f"group {name} {threshold} {' '.join(members)}")
        return name

    def policy(self, log_key):
        lines, self.groups = [f"log {log_key.vkey}"], 0
        lines.append(f"quorum {'none' if self.quorum == {'all': []} else self.group(self.quorum, lines)}\n")
        return "\n".join(lines)

    def countersigned(self, text, clerk, where, name, identity, blob):
        demand((name, identity) == (clerk.name, clerk.id_as(CLERK)), where, "the last line is not the clerk's")
        time = int.from_bytes(blob[:8], "big")
        demand(time >= self.last, where, "received before the entry before it")
        message = f"countersign/v1\ntime {time}\nsha256:{sha256(text.encode()).hex()}\n"
        demand(ed25519.verify(clerk.public, message.encode(), blob[8:]), where, "the clerk's signature is not good")
        self.last = time

def verify(folder, trust):
    line = re.fullmatch(r"countersign/trust/v1 (\S+) sha256:([0-9a-f]{64})\n?", trust)
    demand(line, "trust", "not a root of trust")
    log, register = Log(folder), Register(line[1])
    is_own = "trust" not in log.unread or log.read("trust", 1000).decode() == trust.rstrip("\n") + "\n"
    demand(is_own, "trust", "another ledger's")
    text, lines = read_note(log.read("checkpoint", 131072), "checkpoint")
    found = re.fullmatch(r"(\S+)\n(0|[1-9][0-9]{0,18})\n(\S+)\n", text)
    demand(found and found[1] == register.origin, "checkpoint", "not one of this ledger")
    entries = [entry for _, entry in log.entries(int(found[2]))]
    leaves = [sha256(b"\x00", entry) for entry in entries]
    check_tiles(log, leaves)
    demand(root_of(leaves) == decode64(found[3], "checkpoint"), "checkpoint", "another root than that of the entries")
    demand(entries, "log", "empty")
    digest = register.check(0, entries[0], "entry 0")
    demand(digest.hex() == line[2], "entry 0", "not the one that the root of trust names")
    for index, entry in enumerate(entries[1:], 1):
        register.check(index, entry, f"entry {index}")
    key = register.own_at("log_vkey", len(entries))
    own = [blob for name, identity, blob in lines if (name, identity) == (register.origin, key.id_as(b"\x01"))]
    demand(own and ed25519.verify(key.public, text.encode(), own[0]), "checkpoint", "not signed by the log")
    [register.cosigned(text, *line) for line in lines]
    policy = log.read("policy", 131072).decode("latin-1") if "policy" in log.unread else None
    demand(policy in (None, register.policy(key)), "policy", "not the one of the terms")
    demand(not log.unread, ", ".join(sorted(log.unread)), "no part of a log")
    return len(entries)

if __name__ == "__main__":
    try:
        print(f"VERIFIED: {verify(sys.argv[1], open(sys.argv[2], encoding='utf-8').read())} entries")
    except (Fault, KeyError, ValueError, TypeError, AttributeError, IndexError) as fault:
        sys.exit(f"NOT VERIFIED: {fault}")
