// Verifies an entry and a checkpoint with nothing but Node's own crypto.
//
//     node verify.js ENTRY CHECKPOINT VKEYS     (VKEYS: a file with a verifier key a line)

const crypto = require("crypto");
const fs = require("fs");

const [entry, checkpoint, vkeys] = process.argv.slice(2).map((path) => fs.readFileSync(path));

/** The keys by name: the type, and a public key that Node can use. */
const keys = new Map(
  vkeys.toString().trim().split("\n").map((vkey) => {
    const [name, , rest] = [vkey.split("+", 1)[0], null, vkey.split("+").slice(2).join("+")];
    const raw = Buffer.from(rest, "base64");
    const jwk = { kty: "OKP", crv: "Ed25519", x: raw.subarray(-32).toString("base64url") };
    return [name, { type: raw[0], key: crypto.createPublicKey({ key: jwk, format: "jwk" }) }];
  }),
);

/** Who signed a note, after every line was verified. */
function signers(note) {
  const end = note.lastIndexOf("\n\n");
  const text = note.subarray(0, end + 1);
  const lines = note.subarray(end + 2).toString().trimEnd().split("\n");
  return lines.map((line) => {
    const [, name, base64] = line.split(" ");
    const { type, key } = keys.get(name);
    const blob = Buffer.from(base64, "base64").subarray(4);
    let [message, signature] = [text, blob];
    if (type === 0xff) {
      const digest = crypto.createHash("sha256").update(text).digest("hex");
      message = Buffer.from(`countersign/v1\ntime ${blob.readBigUInt64BE()}\nsha256:${digest}\n`);
      signature = blob.subarray(8);
    }
    if (!crypto.verify(null, message, key, signature)) throw new Error(`the line of ${name} is not good`);
    return name;
  });
}

const altered = Buffer.from(entry);
altered[30] ^= 1;
let refused = false;
try {
  signers(altered);
} catch {
  refused = true;
}
if (!refused) throw new Error("an altered entry passes");
console.log(JSON.stringify({ entry: signers(entry), checkpoint: signers(checkpoint) }));
