// SPDX-License-Identifier: MIT
// /join: a key is made here and stays here; a request is written, signed and sent; its receipt is checked and kept.

import { Key, checkReceipt, fingerprint, findReceipt, fromBase64, pinned, random, splitRequest, toHex } from '/alamo.js';

const element = id => document.getElementById(id), network = element('join').dataset;
let key, request, text = element('text');

function save(link, name, content) {
	URL.revokeObjectURL(link.href);
	link.href = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
	link.download = name;
	link.hidden = false;
}

function say(id, words, bad = false) {
	element(id).textContent = words;
	element(id).className = bad ? 'bad' : 'good';
}

// What goes wrong is said where the person looks.
const act = (id, work) => async event => {
	event.preventDefault();
	try {
		await work(event);
	} catch (error) {
		say(id, error.name === 'NotSupportedError' ? 'This browser has no Ed25519: use a newer one, or `alamo join`.' : `${error.message}.`, true);
	}
};

// ---- 1: the key ----

async function keyTake(taken, made) {
	key = taken;
	say('key', `${made ? 'Made' : 'Read'}: ${await fingerprint(fromBase64(key.line.split(' ')[1]))}`);
	if (made) save(element('save'), 'id_alamo', key.file(`${network.source.toLowerCase()} member`));
	write();
}

element('make').onclick = act('key', async () => keyTake(await Key.make(), true));
element('file').onchange = act('key', async event => keyTake(await Key.read(await event.target.files[0].text()), false));

// ---- 2: the request ----

const lines = pairs => pairs.map(([name, value]) => `${`${name}:`.padEnd(16)}${value}\n`).join('');

function objects() {
	const name = element('name').value.trim().toUpperCase(), domain = element('domain').value.trim().toLowerCase();
	const owned = [['mnt-by', `${name}-MNT`], ['source', network.source]];
	const list = [[['mntner', `${name}-MNT`], ['auth', key ? key.line : '(make a key first)'], ...owned]];
	if (element('numbers').checked)
		list.push([['aut-num', 'AUTO-1'], ['as-name', `${name}-AS`], ...owned], [['inet6num', 'AUTO-2/48'], ['netname', `${name}-NET`], ...owned],
			[['route6', 'AUTO-2/48'], ['origin', 'AUTO-1'], ...owned]);
	if (domain !== '')
		list.push([['domain', `${domain}.${network.tld}`], ['record', element('numbers').checked ? '@ AAAA AUTO-2::80' : '@ TXT "welcome"'], ...owned]);
	return list.map(lines).join('\n');
}

// A newcomer's request follows the fields; a change, or what was typed into the text, stays as it is.
function write() {
	if (network.object || text.dataset.typed) return;
	text.value = `${lines([['request', `join-${toHex(random(4))}`], ['prev', 'none'], ['nonce', toHex(random(8))]])}\n${objects()}`;
}

for (const id of ['name', 'domain', 'numbers']) element(id)?.addEventListener('input', write);
text.addEventListener('input', () => { text.dataset.typed = 'yes'; });

// ---- 3: signed and sent ----

async function ask(body) {
	const answer = await fetch(`${network.registry}/requests`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body, credentials: 'omit' });
	if (!answer.ok) throw new Error(`the registry answers with status ${answer.status}`);
	return answer.text();
}

async function signed() {
	const plain = text.value.replace(/\r\n/g, '\n').replace(/\n*$/, '\n'), pasted = element('signature').value.trim();
	if (pasted !== '') return `${plain}${pasted}\n`;
	if (!key) throw new Error('make a key or choose your key file first, or paste a signature');
	return plain + await key.sign(network.namespace, plain);
}

element('send').onclick = act('state', async () => {
	say('state', 'Sent, waiting for the answer.');
	request = await signed();
	const answer = await ask(request);
	element('answer').textContent = answer;
	element('answer').hidden = false;
	links(answer);
	if (!findReceipt(answer)) {
		say('state', answer.includes('% queued:') ? 'The hostmaster decides: keep the text and send it again later.' : 'Nothing was changed; the answer says why.', true);
		return;
	}
	// The same bytes again are answered with their entry: with it the receipt stands alone.
	const receipt = findReceipt(await ask(request)), { size } = await checkReceipt(receipt, request, pinned(network.vkey));
	keep(receipt);
	say('state', `Done, and proved: entry ${receipt.index} of the log, which had ${size} entries and the pinned key's signature.`);
});

function links(answer) {
	element('objects').replaceChildren(...Array.from(answer.matchAll(/^ {2}(Create|Modify) SUCCEEDED: \[(\S+)\] (.+)$/gm), ([, , cls, name]) => {
		const item = document.createElement('li'), link = item.appendChild(document.createElement('a'));
		link.href = `/object/${cls}/${encodeURIComponent(name)}`;
		link.textContent = `${cls} ${name}`;
		return item;
	}));
}

// ---- 4: receipts ----

function kept() {
	return JSON.parse(localStorage.getItem(`receipts ${network.source}`) ?? '[]');
}

function keep(receipt) {
	const list = [...kept().filter(old => old.index !== receipt.index), { index: receipt.index, receipt: receipt.text, request }];
	localStorage.setItem(`receipts ${network.source}`, JSON.stringify(list));
	save(element('receipt'), `${receipt.index}.tlog-proof`, receipt.text);
	show();
}

async function verdict({ receipt, request: sent }) {
	try {
		await checkReceipt(findReceipt(receipt), sent, pinned(network.vkey));
		return 'verified';
	} catch (error) {
		return error.message;
	}
}

async function show() {
	const rows = await Promise.all(kept().map(async one => {
		const item = document.createElement('li');
		item.textContent = `Entry ${one.index}, ${splitRequest(one.request).text.match(/^request:\s*(\S+)/)?.[1] ?? ''}: ${await verdict(one)}`;
		return item;
	}));
	element('receipts').replaceChildren(...rows);
}

if (!globalThis.isSecureContext) say('state', 'Browsers make keys on https pages and on localhost only: open this page there.', true);
write();
show();
