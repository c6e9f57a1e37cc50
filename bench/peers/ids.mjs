// Ids as Hermod has them: 16 bytes in the database, `msg_` and 26 characters of base32 outside.
import { randomFillSync } from 'node:crypto';

const digits = '0123456789abcdefghjkmnpqrstvwxyz';
const values = new Map([...digits].map((digit, value) => [digit, value]));

export function encodeId(prefix, bytes) {
  let text = `${prefix}_`;
  // 130 bits for 128: the first character holds only three.
  let held = 0;
  let bits = 2;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += digits[held >> bits];
      held &= (1 << bits) - 1;
    }
  }
  return text;
}

/** The 16 bytes, or null where the text is no such id. */
export function decodeId(prefix, text) {
  if (typeof text !== 'string' || text.length !== prefix.length + 27 || !text.startsWith(`${prefix}_`)) return null;
  const bytes = Buffer.alloc(16);
  let held = 0;
  let bits = -2;
  let at = 0;
  for (let i = prefix.length + 1; i < text.length; ++i) {
    const value = values.get(text[i]);
    if (value === undefined) return null;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return bytes;
}

const pool = Buffer.alloc(4096);
let used = pool.length;

/** A UUIDv7 in its 16 bytes. */
export function newId(now = Date.now()) {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + 16));
  used += 16;
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes;
}
