// SPDX-License-Identifier: MIT
// OpenSSH keys and signatures, and the log's checkpoints and receipts, with what the browser has (WebCrypto).
// Formats: openssh-portable PROTOCOL.key and PROTOCOL.sshsig; c2sp.org/signed-note, tlog-checkpoint, tlog-proof; RFC 9162.

const utf8 = new TextEncoder();

// ---- bytes ----

export const toBase64 = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
export const fromBase64 = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
export const toHex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
export const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
export const random = count => crypto.getRandomValues(new Uint8Array(count));
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const u32 = number => Uint8Array.of(number >>> 24, number >>> 16 & 255, number >>> 8 & 255, number & 255);

export function join(...parts) {
	const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		out.set(part, at);
		at += part.length;
	}
	return out;
}

// A string of RFC 4251 section 5: its length, and its bytes.
const string = value => {
	const bytes = typeof value === 'string' ? utf8.encode(value) : value;
	return join(u32(bytes.length), bytes);
};

class Reader {
	constructor(bytes) { this.bytes = bytes; this.at = 0; }
	take(count) {
		if (this.at + count > this.bytes.length) throw new Error('it ends too early');
		return this.bytes.slice(this.at, this.at += count);
	}
	u32() { return this.take(4).reduce((sum, byte) => sum * 256 + byte, 0); }
	string() { return this.take(this.u32()); }
	text() { return new TextDecoder().decode(this.string()); }
}

const armor = (name, bytes) => `-----BEGIN ${name}-----\n${toBase64(bytes).match(/.{1,70}/g).join('\n')}\n-----END ${name}-----\n`;

function unarmor(name, text) {
	const found = text.match(new RegExp(`-----BEGIN ${name}-----\\s+([A-Za-z0-9+/=\\s]+)-----END ${name}-----`));
	if (!found) throw new Error(`there is no block "${name}" in it`);
	return fromBase64(found[1].replace(/\s/g, ''));
}

// ---- keys ----

const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20); // RFC 8410 section 7
const blobOf = raw => join(string('ssh-ed25519'), string(raw));
const verifier = raw => crypto.subtle.importKey('raw', raw, { name: 'Ed25519' }, false, ['verify']);

export class Key {
	// From its 32 secret bytes.
	static async of(seed) {
		const secret = await crypto.subtle.importKey('pkcs8', join(PKCS8, seed), { name: 'Ed25519' }, true, ['sign']);
		const { x } = await crypto.subtle.exportKey('jwk', secret);
		const raw = fromBase64(x.replace(/-/g, '+').replace(/_/g, '/'));
		return Object.assign(new Key(), { seed, secret, raw });
	}

	static async make() {
		const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']);
		const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
		return Key.of(pkcs8.slice(-32));
	}

	// An OpenSSH private key file without a passphrase.
	static async read(text) {
		const file = new Reader(unarmor('OPENSSH PRIVATE KEY', text));
		if (new TextDecoder().decode(file.take(15)) !== 'openssh-key-v1\0') throw new Error('it is no OpenSSH key');
		if (file.text() !== 'none') throw new Error('it has a passphrase: sign with ssh-keygen, and paste the signature below');
		file.string(); file.string(); file.u32(); file.string();
		const inner = new Reader(file.string());
		inner.take(8);
		if (inner.text() !== 'ssh-ed25519') throw new Error('it is no Ed25519 key');
		inner.string();
		return Key.of(inner.string().slice(0, 32));
	}

	file(comment) {
		const check = random(4);
		let inner = join(check, check, string('ssh-ed25519'), string(this.raw), string(join(this.seed, this.raw)), string(comment));
		for (let pad = 1; inner.length % 8; pad++) inner = join(inner, Uint8Array.of(pad));
		return armor('OPENSSH PRIVATE KEY', join(utf8.encode('openssh-key-v1\0'), string('none'), string('none'), string(''),
			u32(1), string(blobOf(this.raw)), string(inner)));
	}

	get line() { return `ssh-ed25519 ${toBase64(blobOf(this.raw))}`; }

	// A signature as `ssh-keygen -Y sign -n NAMESPACE` makes it.
	async sign(namespace, text) {
		const signature = await crypto.subtle.sign('Ed25519', this.secret, await signedBytes(namespace, 'sha512', text));
		return armor('SSH SIGNATURE', join(utf8.encode('SSHSIG'), u32(1), string(blobOf(this.raw)), string(namespace), string(''),
			string('sha512'), string(join(string('ssh-ed25519'), string(new Uint8Array(signature))))));
	}
}

export const fingerprint = async blob => `SHA256:${toBase64(await sha256(blob)).replace(/=+$/, '')}`;

async function signedBytes(namespace, hash, text) {
	const digest = await crypto.subtle.digest(hash === 'sha256' ? 'SHA-256' : 'SHA-512', utf8.encode(text));
	return join(utf8.encode('SSHSIG'), string(namespace), string(''), string(hash), string(new Uint8Array(digest)));
}

// {key: fingerprint, good: true, false, or undefined for a kind of key that only ssh-keygen checks} of one block.
export async function checkSignature(block, namespace, text) {
	const outer = new Reader(unarmor('SSH SIGNATURE', block).slice(6));
	outer.u32();
	const blob = outer.string(), space = outer.text(), reserved = outer.string(), hash = outer.text();
	const signature = new Reader(outer.string()), key = await fingerprint(blob), inner = new Reader(blob);
	if (inner.text() !== 'ssh-ed25519') return { key };
	signature.string();
	const good = space === namespace && reserved.length === 0 && await crypto.subtle.verify('Ed25519', await verifier(inner.string()),
		signature.string(), await signedBytes(space, hash, text));
	return { key, good };
}

// A request's text, and its signature blocks behind it.
export function splitRequest(body) {
	const at = body.search(/^-----BEGIN SSH SIGNATURE-----$/m);
	if (at < 0) return { text: body, blocks: [] };
	return { text: body.slice(0, at), blocks: body.slice(at).match(/-----BEGIN SSH SIGNATURE-----[^]+?-----END SSH SIGNATURE-----/g) ?? [] };
}

// ---- the log ----

const node = (left, right) => sha256(join(Uint8Array.of(1), left, right));
export const leaf = entry => sha256(join(Uint8Array.of(0), entry));

// "NAME+ID+KEY", as keys/log.pub has it.
async function readVkey(vkey) {
	const [name, id, ...rest] = vkey.split('+'), key = fromBase64(rest.join('+'));
	if (key[0] !== 1 || toHex(await sha256(join(utf8.encode(`${name}\n`), key))).slice(0, 8) !== id) throw new Error('the log key is damaged');
	return { name, id, raw: key.slice(1) };
}

// {size, root} of a checkpoint that the log's key has signed.
export async function openCheckpoint(note, vkey) {
	const key = await readVkey(vkey), end = note.indexOf('\n\n') + 1, text = note.slice(0, end);
	const [origin, size, root] = text.split('\n');
	if (end === 0 || origin !== key.name || !/^\d+$/.test(size)) throw new Error('this is no checkpoint of the log');
	for (const line of note.slice(end + 1).split('\n')) {
		const [dash, name, value] = line.split(' ');
		if (dash !== '\u2014' || name !== key.name) continue;
		const bytes = fromBase64(value);
		if (toHex(bytes.slice(0, 4)) === key.id &&
		    await crypto.subtle.verify('Ed25519', await verifier(key.raw), bytes.slice(4), utf8.encode(text)))
			return { size: BigInt(size), root: fromBase64(root) };
	}
	throw new Error('the log key has not signed this checkpoint');
}

// RFC 9162 section 2.1.3.2.
export async function checkInclusion(index, hash, proof, { size, root }) {
	let first = BigInt(index), last = size - 1n, result = hash;
	if (first > last) throw new Error('the log is shorter than that');
	for (const step of proof) {
		if (last === 0n) throw new Error('the proof is too long');
		if (first & 1n || first === last) {
			result = await node(step, result);
			while (first !== 0n && !(first & 1n)) { first >>= 1n; last >>= 1n; }
		} else {
			result = await node(result, step);
		}
		first >>= 1n;
		last >>= 1n;
	}
	if (last !== 0n || !same(result, root)) throw new Error('the entry is not in the log of this checkpoint');
}

// The receipt in an answer: {index, proof, note, entry}; undefined when there is none.
export function findReceipt(answer) {
	const found = answer.match(/^c2sp\.org\/tlog-proof@v1\n(?:extra (\S+)\n)?index (\d+)\n((?:\S+\n)*)\n([^]*?\n\n(?:\u2014 .*\n)+)/m);
	return found && { text: found[0], entry: found[1] && fromBase64(found[1]), index: found[2], proof: found[3].trim().split('\n').filter(Boolean).map(fromBase64), note: found[4] };
}

// That this request is an entry of the log: throws unless it is.
export async function checkReceipt(receipt, request, vkey) {
	const checkpoint = await openCheckpoint(receipt.note, vkey), entry = new TextDecoder().decode(receipt.entry);
	if (!entry.startsWith(`entry ${receipt.index} request\n`) || entry.slice(entry.indexOf('\n\n') + 2) !== request)
		throw new Error('the entry is not what was sent');
	await checkInclusion(receipt.index, await leaf(receipt.entry), receipt.proof, checkpoint);
	return checkpoint;
}

// ---- the published log (c2sp.org/tlog-tiles) ----

export class Tiles {
	constructor(url, vkey) { this.url = url.replace(/\/$/, ''); this.vkey = vkey; this.kept = new Map(); }

	async fetch(path) {
		const answer = await fetch(`${this.url}/${path}`, { cache: 'no-store' });
		if (!answer.ok) throw new Error(`the log's files are not to be had: ${path} gives ${answer.status}`);
		return new Uint8Array(await answer.arrayBuffer());
	}

	async open() {
		this.note = new TextDecoder().decode(await this.fetch('checkpoint'));
		this.head = await openCheckpoint(this.note, this.vkey);
		this.size = Number(this.head.size);
		return this.head;
	}

	tile(kind, number, count) {
		const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0').match(/.../g);
		const name = digits.map((group, at) => at < digits.length - 1 ? `x${group}` : group).join('/');
		const width = Math.min(256, count - number * 256), path = `tile/${kind}/${name}${width < 256 ? `.p/${width}` : ''}`;
		if (!this.kept.has(path)) this.kept.set(path, this.fetch(path));
		return this.kept.get(path);
	}

	async entry(index) {
		const reader = await this.tile('entries', Math.floor(index / 256), this.size);
		let at = 0;
		for (let skip = index % 256; skip > 0; skip--) at += 2 + reader[at] * 256 + reader[at + 1];
		return reader.slice(at + 2, at + 2 + reader[at] * 256 + reader[at + 1]);
	}

	// The hash over `count` leaves from `start` on.
	async hash(start, count) {
		const level = Math.log2(count);
		if (!Number.isInteger(level) || start % count !== 0) {
			const left = 2 ** Math.floor(Math.log2(count - 1));
			return node(await this.hash(start, left), await this.hash(start + left, count - left));
		}
		const kind = Math.floor(level / 8), width = 2 ** (level % 8), first = start / 256 ** kind;
		const bytes = await this.tile(kind, Math.floor(first / 256), Math.floor(this.size / 256 ** kind));
		let hashes = Array.from({ length: width }, (_, at) => bytes.slice((first % 256 + at) * 32, (first % 256 + at + 1) * 32));
		while (hashes.length > 1)
			hashes = await Promise.all(Array.from({ length: hashes.length / 2 }, (_, at) => node(hashes[2 * at], hashes[2 * at + 1])));
		return hashes[0];
	}

	async path(index, start, count) {
		if (count === 1) return [];
		const left = 2 ** Math.floor(Math.log2(count - 1));
		return index < left ? [...await this.path(index, start, left), await this.hash(start + left, count - left)]
			: [...await this.path(index - left, start + left, count - left), await this.hash(start, left)];
	}

	// Entry `index`, proved to be in the log.
	async proved(index) {
		const entry = await this.entry(index);
		await checkInclusion(index, await leaf(entry), await this.path(index, 0, this.size), this.head);
		return new TextDecoder().decode(entry);
	}
}

// The log's key of the first visit; another one later is said, and nothing is believed.
export function pinned(vkey) {
	const [name] = vkey.split('+'), kept = localStorage.getItem(`log ${name}`);
	if (kept === null) localStorage.setItem(`log ${name}`, vkey);
	else if (kept !== vkey) throw new Error(`the log key of ${name} is not the one of your first visit: ${kept}`);
	return vkey;
}
