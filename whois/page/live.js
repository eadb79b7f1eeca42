// SPDX-License-Identifier: MIT
// A page follows the log: when it grows, what is shown is fetched again, unless somebody is at work in it.

const size = () => document.querySelector('footer').dataset.size;

new EventSource('/events').onmessage = async event => {
	if (event.data === size() || document.querySelector('main').contains(document.activeElement) || !getSelection().isCollapsed) return;
	const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
	if (!answer.ok) return;
	const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
	for (const name of ['main', 'footer']) document.querySelector(name).replaceWith(page.querySelector(name));
};
