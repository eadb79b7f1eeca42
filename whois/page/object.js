// SPDX-License-Identifier: MIT
// An object's page: the entry that made it, out of the published log, proved and its signatures checked here.

import { Tiles, checkSignature, pinned, splitRequest } from '/alamo.js';

const place = document.getElementById('proof'), said = document.getElementById('said');

function line(words, bad) {
	const item = said.appendChild(document.createElement('li'));
	item.textContent = words;
	item.className = bad ? 'bad' : 'good';
}

document.getElementById('check').onclick = async () => {
	const { entry, log, vkey, namespace } = place.dataset, index = Number(entry);
	said.replaceChildren();
	try {
		const tiles = new Tiles(log, pinned(vkey));
		await tiles.open();
		const bytes = await tiles.proved(index), { text, blocks } = splitRequest(bytes.slice(bytes.indexOf('\n\n') + 2));
		line(`Entry ${index} is in the log of ${tiles.size} entries that the pinned key has signed.`);
		for (const block of blocks) {
			const { key, good } = await checkSignature(block, namespace, text);
			line(good === undefined ? `A security key signed it, ${key}: ssh-keygen checks that.` : `${good ? 'Signed by' : 'NOT signed by'} ${key}.`, good === false);
		}
		document.getElementById('entry').textContent = bytes;
		document.getElementById('whole').hidden = false;
	} catch (error) {
		line(`Not verified: ${error.message}.`, true);
	}
};
document.getElementById('check').hidden = false;
