#!/usr/bin/env python3
"""Verifies Countersign's evidence archives and tlog-proof files. Standard library only; shares no code with what made them.

    verify_evidence.py archive VKEY [--witness VKEY]... FILE...
    verify_evidence.py proof VKEY [--witness VKEY]... FILE ENTRY_FILE

Written from RFC 6962 and RFC 9162 (tree), RFC 8032 (Ed25519), RFC 8785 (canonical JSON), c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof, RFC 4180 (tables), POSIX ustar,
the protobuf wire format, docs/evidence-archive.md and proto/countersign/event/v1. Exit code 0: no flaw; 1: flaws, one a line; 2: nothing was verified.
"""
import base64
import hashlib
import json
import re
import sys
from datetime import datetime, timezone

FLAWS = []


class Unusable(Exception):
    """An argument that keeps everything from being verified: no flaw of an archive."""


def flaw(text):
    FLAWS.append(text)


def sha256(data):
    return hashlib.sha256(data).digest()


# Ed25519 (RFC 8032, section 5.1.7)

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    w, x, y, z = f - e, h - g, h + g, f + e
    return (w * x % P, y * z % P, x * y % P, w * z % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = multiply(s, BASE), add(r, multiply(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# Notes and checkpoints


NOTE, COSIGNATURE = 1, 4


def read_vkey(text, algorithm=NOTE):
    try:
        name, key_id, encoded = text.split("+", 2)
        data = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unusable(f"{text}: a key is a name, eight hex digits and base64, joined by plus") from None
    if len(data) != 33 or data[0] != algorithm or sha256(name.encode() + b"\n" + data)[:4].hex() != key_id:
        raise Unusable(f"{text}: no {'witness' if algorithm == COSIGNATURE else 'log'} key, or not copied to the letter")
    return name, bytes.fromhex(key_id), data[1:]


def open_checkpoint(note, vkey, witnesses):
    """Size and root, after the signature of the pinned key, and the cosignature of each witness, was found good."""
    body, signatures = note[: note.rindex(b"\n\n") + 1], note[note.rindex(b"\n\n") + 2 :]
    lines = [re.fullmatch("\u2014 (\\S+) (\\S+)", line) for line in signatures.decode().splitlines()]
    read = [(line[1], base64.b64decode(line[2], validate=True)) for line in lines]

    def of(name, key_id, _):
        return [data[4:] for signer, data in read if signer == name and data[:4] == key_id]

    good = [ed25519_verify(vkey[2], body, signature) for signature in of(*vkey)]
    if not all(good) or not good or body.decode().split("\n")[0] != vkey[0]:
        flaw("CHECKPOINT, it is not signed by the pinned key")
    for witness in witnesses:
        cosigned = lambda data: b"cosignature/v1\ntime %d\n" % int.from_bytes(data[:8], "big") + body
        good = [len(data) == 72 and ed25519_verify(witness[2], cosigned(data), data[8:]) for data in of(*witness)]
        if not all(good) or not good:
            flaw(f"WITNESS, {witness[0]} has not cosigned it")
    _, size, root = body.decode().split("\n")[:3]
    if not re.fullmatch("0|[1-9][0-9]*", size):
        raise ValueError("the checkpoint has no size")
    return int(size), base64.b64decode(root, validate=True)


# Merkle tree


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


class Tree:
    """Grows from left to right by whole subtrees."""

    def __init__(self):
        self.stack, self.size = [], 0

    def push(self, level, node):
        self.size += 1 << level
        while self.stack and self.stack[-1][0] == level:
            node, level = node_hash(self.stack.pop()[1], node), level + 1
        self.stack.append((level, node))

    def fill(self, end, hashes):
        while self.size < end:
            level = 0
            while self.size % (2 << level) == 0 and self.size + (2 << level) <= end:
                level += 1
            self.push(level, next(hashes, bytes(32)))

    def root(self):
        if not self.stack:
            return sha256(b"")
        node = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            node = node_hash(left, node)
        return node


def root_of_proof(index, size, node, proof):
    """RFC 9162, section 2.1.3.2."""
    fn, sn = index, size - 1
    for sibling in proof:
        if sn == 0:
            raise ValueError("the proof is too long")
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ValueError("the proof is too short")
    return node


def verify_proof(data, vkey, witnesses, entry):
    header, checkpoint = data.split(b"\n\n", 1)
    lines = header.decode().split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise ValueError("not a tlog-proof")
    if lines[0].startswith("extra "):
        lines.pop(0)
    index = int(re.fullmatch("index (0|[1-9][0-9]*)", lines.pop(0))[1])
    size, root = open_checkpoint(checkpoint, vkey, witnesses)
    if index >= size:
        flaw(f"INDEX, a tree of {size} has no entry {index}")
    elif root_of_proof(index, size, leaf_hash(entry), [base64.b64decode(line, validate=True) for line in lines]) != root:
        flaw(f"ROOT, position {index}, the proof does not lead from the entry to the checkpoint")


# Tar


def tar_header(name, size):
    fields = [name.encode().ljust(100, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0", b"%011o\0" % size, b"00000000000\0"]
    rest = b"0" + bytes(100) + b"ustar\0" + b"00"
    front, back = b"".join(fields), rest.ljust(512 - 156, b"\0")
    return front + b"%06o\0 " % (sum(front) + sum(back) + 8 * 32) + back


def members(data):
    at = 0
    while data[at : at + 512] != bytes(512):
        header = data[at : at + 512]
        if len(header) < 512 or not re.fullmatch(rb"[0-7]{11}\0", header[124:136]):
            flaw(f"ARCHIVE, byte {at}, no header of a member")
            return
        name, size = header[:100].rstrip(b"\0").decode("latin1"), int(header[124:135], 8)
        if header != tar_header(name, size):
            flaw(f"ARCHIVE, byte {at}, {name!r} has another header than it should")
        end = at + 512 + size
        at, padding = end + -size % 512, data[end : end + -size % 512]
        if at > len(data):
            flaw(f"ARCHIVE, byte {end - size}, the archive ends within {name!r}")
            return
        if padding.strip(b"\0"):
            flaw(f"ARCHIVE, byte {end}, bytes in the padding of {name!r}")
        yield name, data[end - size : end]
    if data[at:] != bytes(1024):
        flaw(f"ARCHIVE, byte {at}, the end is not two blocks of zeros")


# Protobuf


def fields_of(data):
    """(field number, value): numbers as int, the rest as bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 in (1, 5):
            length = 8 if tag & 7 == 1 else 4
            at += length
            yield tag >> 3, data[at - length : at]
        elif tag & 7 == 2:
            length = varint()
            if at + length > len(data):
                raise ValueError("a field ends outside its message")
            at += length
            yield tag >> 3, data[at - length : at]
        else:
            raise ValueError("unknown wire type")


def message(data, default=b""):
    values = {}
    for number, value in fields_of(data):
        values.setdefault(number, []).append(value)
    return lambda number, default=default: values.get(number, [default])[-1], lambda number: values.get(number, [])


def milliseconds(timestamp):
    get, _ = message(timestamp, 0)
    return get(1) * 1000 + get(2) // 1_000_000


def content_fields(descriptors):
    """Numbers of the fields that refer to content, by message name, out of the FileDescriptorSet."""
    found = {}
    for file in message(descriptors)[1](1):
        get, all_of = message(file)
        for descriptor in all_of(4) if get(2) == b"countersign.event.v1" else []:
            name, fields = message(descriptor)
            parsed = [message(field, 0)[0] for field in fields(2)]
            found[name(1).decode()] = [field(3) for field in parsed if field(6) == b".countersign.event.v1.ContentRef"]
    return found


# Canonical JSON: numbers keep the spelling that they have in canonical text


class Number(str):
    pass


def canonical(value):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def action_digest(tenant, salt, body, binding):
    asked = json.loads(body, parse_int=Number, parse_float=Number)
    context = asked.get("context") or {}
    part = lambda name, keys: {key: asked[name].get(key, {}) for key in keys}
    text = canonical(
        {
            "tenant": tenant,
            "subject": part("subject", ("type", "id", "properties")),
            "action": part("action", ("name", "properties")),
            "resource": part("resource", ("type", "id", "properties")),
            "context": {name: context[name] for name in binding if name in context},
        }
    )
    return sha256(salt + text.encode())


# Tables

COLUMNS = "position,tenant_sequence,time,type,stream_type,stream_id,stream_version,actor_issuer,actor_id,event_id"


def cell(text):
    if re.fullmatch("[A-Za-z0-9][A-Za-z0-9 .:/_@|-]*", text):
        return text
    formula = re.match("[\\s\ufeff\x00-\x1f\x7f-\x9f]*[=+@\t\r\n\uff0b\uff0d\uff1d\uff20-]", text)
    return '"' + ("'" if formula else "") + text.replace('"', '""') + '"'


def instant_text(at):
    return datetime.fromtimestamp(at // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{at % 1000:03d}Z"


def row(data):
    get, _ = message(data)
    actor, _ = message(get(12))
    cells = [cell(text.decode()) for text in (get(9), get(5), get(6))]
    who = [cell(actor(field).decode()) for field in (1, 2)]
    return ",".join([str(get(2, 0)), str(get(4, 0)), instant_text(milliseconds(get(11))), *cells, str(get(7, 0)), *who, get(8).hex()])


# Archives

# Decision, digest, stage, key, signature and shown digest.
VOTES = {"VoteCast": (2, 3, 4, 6, 7, 9), "BreakGlassUsed": (None, 2, 3, 5, 6, 8)}
DEADLINES = {"ReviewOpened": 2, "StageOpened": 2, "ReviewEscalated": 2, "ActionEdited": 6, "ReviewHeld": 0}


class Archive:
    def __init__(self, vkey, witnesses):
        self.vkey, self.witnesses, self.tree = vkey, witnesses, Tree()
        self.deadlines, self.expiries, self.erased_later = {}, {}, []
        self.read, self.parts = [], {}
        self.sequence, self.previous, self.time = 0, b"", None
        self.streams, self.inputs, self.digests, self.documents, self.votes, self.revisions = {}, {}, {}, {}, {}, {}
        self.absent, self.erased, self.last = {}, set(), -1
        self.policies = []

    def member(self, name, body):
        if name == "manifest.sha256":
            expected = "".join(f"{hashlib.sha256(data).hexdigest()}  {other}\n" for other, data in self.read)
            if body != expected.encode():
                flaw("MANIFEST, it is not the one of the members before it")
        elif name in [other for other, _ in self.read]:
            flaw(f"ARCHIVE, {name!r} is there twice")
        self.read.append((name, body))
        match = re.fullmatch("log/([0-9]{6})\\.(index|tree|entries|contents|csv)", name)
        if name == "archive.json":
            self.header = json.loads(body)
            instant = lambda text: text and round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
            self.begin, self.end = instant(self.header["from"]), instant(self.header["to"])
        elif name == "checkpoint":
            self.size, self.root = open_checkpoint(body, self.vkey, self.witnesses)
        elif name == "keys/grants.jwks.json":
            for jwk in json.loads(body)["keys"]:
                thumbprint = sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{jwk["x"]}"}}'.encode())
                public = base64.urlsafe_b64decode(jwk["x"] + "=")
                self.votes[base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()] = public
        elif name == "schema/descriptors.binpb":
            self.contents_of = content_fields(body)
        elif match:
            self.parts[match[2]] = body
            if match[2] == "csv":
                self.segment(match[1], self.parts)
                self.parts = {}
        elif name == "log/end.tree":
            self.tree.fill(self.size, iter([body[at : at + 32] for at in range(0, len(body), 32)]))
        elif re.fullmatch("policies/[1-9][0-9]*\\.yaml", name):
            if self.documents.get(int(name[9:-5])) != sha256(body):
                flaw(f"POLICY, {name} is not the document that was published")
        elif not re.fullmatch("keys/log.vkeys|report/(index|actions-[0-9]{6}).html|manifest.sha256", name):
            flaw(f"ARCHIVE, no archive has a member {name!r}")

    def segment(self, number, parts):
        rows = [(int.from_bytes(row[:8], "big"), row[8:]) for row in chunks(parts["index"], 40)]
        hashes = iter(chunks(parts["tree"], 32))
        entries, self.records = entries_of(parts["entries"]), contents_of(parts["contents"])
        self.seen = {}
        if len(entries) != len(rows):
            flaw(f"ENTRY, log/{number}.entries holds {len(entries)} entries, its index {len(rows)}")
        for at, (position, leaf) in enumerate(rows):
            if not self.tree.size <= position < self.size:
                flaw(f"INDEX, position {position} is out of order")
                continue
            self.tree.fill(position, hashes)
            self.tree.push(0, leaf)
            self.last = position
            entry = entries[at] if at < len(entries) else b""
            if leaf_hash(entry) == leaf:
                self.entry(position, leaf, entry)
            else:
                flaw(f"LEAF_HASH, position {position}, the entry is not the one in the tree")
                self.sequence, self.previous = self.sequence + 1, leaf
        if next(hashes, None) is not None or next(self.records, None) is not None:
            flaw(f"INDEX, log/{number} holds hashes or contents that belong to no entry")
        if parts["csv"] != "".join(f"{line}\r\n" for line in [COLUMNS, *map(row, entries)]).encode():
            flaw(f"CSV, log/{number}.csv is not the table of its entries")

    def entry(self, position, leaf, data):
        get, _ = message(data)
        number = lambda field: get(field, 0)
        sequence, stream, version = number(4), (get(5), get(6)), number(7)
        first, last = self.header["first_sequence"], self.header["last_sequence"]
        wrong = lambda code, text: flaw(f"{code}, position {position}, {text}")
        if (number(2), get(3).decode(), get(1).decode()) != (position, self.header["tenant"], self.header["ledger"]):
            wrong("FOREIGN", "the entry is of another place, tenant or ledger")
        if sequence > last + 1 or (sequence < first - 1 and stream[0] != b"policy"):
            wrong("FOREIGN", "the entry is outside of the period")
        if sequence == self.sequence + 1:
            if get(15) != self.previous:
                wrong("TENANT_LINK", "the link to the tenant's previous event leads elsewhere")
        elif sequence <= self.sequence or sequence >= first:
            wrong("TENANT_SEQUENCE", f"number {sequence} of the tenant follows {self.sequence}")
        at = milliseconds(get(11))
        if self.time is not None and self.time - at > 300_000:
            wrong("TIME", "time runs back")
        before, behind = sequence == first - 1, sequence == last + 1
        if (before and (self.begin is None or at >= self.begin)) or (behind and at < self.end):
            wrong("PERIOD", "the event at the border lies in the period")
        if last >= first and ((sequence == first and self.begin and at < self.begin) or (sequence == last and at >= self.end)):
            wrong("PERIOD", "the period's event lies outside of it")
        if stream not in self.streams and version > 1 and first > 1 and stream[0] != b"policy":
            self.streams[stream] = (version - 1, get(14))
        if (version - 1, get(14)) != self.streams.get(stream, (0, b"")):
            wrong("STREAM_LINK", "it does not follow the stream's previous event")
        self.sequence, self.previous, self.streams[stream] = sequence, leaf, (version, leaf)
        self.time = max(at, self.time or 0)
        self.payload(position, get(9).decode(), stream[1].decode(), get(16), at)

    def payload(self, position, kind, action, data, at):
        get, all_of = message(data)
        found = [self.content(position, message(ref)[0](1)) for field in self.contents_of.get(kind, []) for ref in all_of(field)]
        wrong = lambda code, text: flaw(f"{code}, position {position}, {text}")
        about = {"ActionApproved": 1, "ActionRejected": 1, "VoteCast": 3, "BreakGlassUsed": 2, "ReviewJoined": 2, "GrantIssued": 3, "ActionEdited": 2}.get(kind)
        if about and get(about) != self.digests.get(action, get(about)):
            wrong("ACTION_DIGEST", "it is about another digest than the verdict before it")
        when = lambda field: milliseconds(get(field)) if field and get(field) else None
        if kind in VOTES and (self.deadlines.get(action) or at + 1) <= at:
            wrong("TIME", "a vote was cast after the review's deadline")
        if kind == "GrantRedeemed" and (self.expiries.get(action) or at + 1) <= at:
            wrong("TIME", "the grant was redeemed after it had expired")
        if kind in DEADLINES:
            self.deadlines[action] = when(DEADLINES[kind])
        if kind == "GrantIssued":
            self.expiries[action] = when(5)
        if kind in ("ActionRequested", "ActionEdited"):
            self.inputs[action] = found[0] if found else None
        elif kind == "ContentErased":
            self.erased.update(all_of(1))
        elif kind == "PolicyPublished":
            self.documents[get(1, 0)] = get(2)
        elif kind == "VerdictReached":
            self.digests[action] = get(3)
            self.revisions.setdefault(message(get(1))[0](2, 0), position)
            asked = self.inputs.pop(action, None)
            binding = [name.decode() for name in message(get(1))[1](8)]
            if asked and action_digest(self.header["tenant"], *asked, binding) != get(3):
                wrong("ACTION_DIGEST", "the digest is not the one of the input")
        elif kind in VOTES:
            decision, digest, stage, key, signature, shown = VOTES[kind]
            reviewer = message(get(1))[0]
            ballot = {
                "tenant": self.header["tenant"],
                "action_id": action,
                "digest": get(digest).hex(),
                "shown_digest": get(shown).hex(),
                "reviewer": {"issuer": reviewer(3).decode(), "id": reviewer(4).decode()},
                "decision": {1: "approve", 2: "reject"}.get(get(decision, 0)) if decision else "break_glass",
                "stage": get(stage, 0),
                "time": instant_text(at),
            }
            text = b"countersign-vote/v1\n" + canonical(ballot).encode()
            public = self.votes.get(get(key).decode())
            if public and not ed25519_verify(public, text, get(signature)):
                wrong("VOTE_SIGNATURE", "the signature of the vote does not verify")

    def content(self, position, digest):
        if digest not in self.seen:
            record = next(self.records, None)
            self.seen[digest] = record[1] if record else None
            if record and isinstance(record[1], int):
                # Erased by an event behind the archive, which only a later one can show.
                self.seen[digest] = None
                self.erased_later.append((position, record[1] if record[0] == digest else -1))
                return None
            if record and record[1] is None:
                self.absent.setdefault(digest, position)
            if record is None or record[0] != digest or (record[1] and sha256(b"".join(record[1])) != digest):
                flaw(f"CONTENT, position {position}, the content is not the one whose hash the entry holds")
        return self.seen[digest]

    def finish(self):
        if [name for name, _ in self.read][-1:] != ["manifest.sha256"]:
            flaw("ARCHIVE, the manifest is not the last member")
        if self.sequence <= self.header["last_sequence"]:
            flaw(f"TENANT_SEQUENCE, the tenant's events from number {self.sequence + 1} on are missing")
        for revision, position in self.revisions.items():
            if revision and revision not in self.documents:
                flaw(f"POLICY, position {position}, no event publishes revision {revision}, by which the verdict is")
        if self.tree.size != self.size or self.tree.root() != self.root:
            flaw("ROOT, the archive does not lead to the root of the checkpoint")
        for position, erased_at in self.erased_later:
            if erased_at <= self.last:
                flaw(f"CONTENT, position {position}, the event that erased it would have to be in the archive")
        for digest, position in self.absent.items():
            if digest not in self.erased:
                flaw(f"CONTENT, position {position}, the content is absent, and no event says that it was erased")


def chunks(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def entries_of(data):
    entries, at = [], 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            break
        entries.append(data[at + 2 : end])
        at = end
    return entries


def contents_of(data):
    at = 0
    while at < len(data):
        digest, there = data[at : at + 32], data[at + 32]
        at += 33
        if there == 0:
            yield digest, None
            continue
        if there == 2:
            at += 8
            yield digest, int.from_bytes(data[at - 8 : at], "big")
            continue
        if there != 1:
            raise ValueError("a content is neither there nor erased")
        salt, length = data[at : at + 32], int.from_bytes(data[at + 32 : at + 36], "big")
        at += 36 + length
        yield digest, (salt, data[at - length : at])


def verify_archive(data, vkey, witnesses):
    archive = Archive(vkey, witnesses)
    for name, body in members(data):
        archive.member(name, body)
    archive.finish()
    print(f"{sum(version for version, _ in archive.streams.values())} versions of {len(archive.streams)} streams, tree of {archive.size}")
    if archive.erased_later:
        print(f"{len(archive.erased_later)} contents were erased by events behind the archive, it says")


def judge(kind, vkey, witnesses, file, entry_file=None):
    FLAWS.clear()
    with open(file, "rb") as handle:
        data = handle.read()
    try:
        if kind == "archive":
            verify_archive(data, vkey, witnesses)
        else:
            with open(entry_file, "rb") as handle:
                verify_proof(data, vkey, witnesses, handle.read())
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError, StopIteration, RecursionError) as error:
        flaw(f"MALFORMED, {type(error).__name__}: {error}")
    for line in FLAWS:
        print(line)
    print(f"{file}: {'FLAWED' if FLAWS else 'no flaw'}")
    return 1 if FLAWS else 0


def main(arguments):
    witnesses = []
    while "--witness" in arguments[:-1]:
        place = arguments.index("--witness")
        witnesses.append(read_vkey(arguments[place + 1], COSIGNATURE))
        arguments = arguments[:place] + arguments[place + 2 :]
    kind, count = arguments[0] if arguments else None, len(arguments)
    if not ((kind == "archive" and count >= 3) or (kind == "proof" and count == 4)):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    vkey = read_vkey(arguments[1])
    if kind == "proof":
        return judge(kind, vkey, witnesses, arguments[2], arguments[3])
    return max([judge(kind, vkey, witnesses, file) for file in arguments[2:]])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Unusable, OSError) as problem:
        print(f"not verified: {problem}", file=sys.stderr)
        sys.exit(2)
