// The page: chooses what is shown, and follows the program while somebody looks: each second it is sent what the
// shown page needs, and ten times a second what moves, as events or, where a proxy keeps these back, through a
// WebSocket; where neither comes through it asks every two seconds. In a report everything is there from the beginning.
import {make, seconds} from './draw.js';
import {pages} from './pages.js';

const embedded = document.getElementById('record');
const byId = (id) => document.getElementById(id);
// `range` is what the task stream or a profile shows, `brush` what is chosen in it, both in seconds.
const view = {page: 'status', id: '', sort: {}, seconds: 60, firstRow: 0, past: 1e9, bars: 'memory', range: null, brush: null,
  setSort(page, column) { this.sort[page] = column; show(); },
  setTile(range, firstRow) { [this.seconds, this.firstRow, this.range] = [range, firstRow, null]; follow(); },
  setRange(range) { [this.range, this.brush] = [range, null]; follow(); },
  set(name, value) { this[name] = value; show(); },
  setPast(seconds) { this.past = seconds; follow(); show(); }};
const patience = 2500, between = 2000, mostRows = 900;
let data = embedded ? JSON.parse(embedded.textContent) : null;
if (data) data.stream = data.task_stream;
let source = null, asking = 0;
let isHeld = false;  // a button is down: what is below it must stay
let shown = '';  // the page of the last picture
let drawn = 0, took = 0;  // when the last picture was made, and how long that took

function choose(hash) {
  const [name, id] = hash.split('/');
  const page = Object.hasOwn(pages, name) ? name : 'status';
  if (page !== view.page) [view.range, view.brush] = [null, null];
  [view.page, view.id] = [page, id || ''];
  for (const tab of byId('tabs').children)
    if (tab.dataset.page === view.page) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
}

// What somebody has opened, scrolled aside or stands on stays so, although a page is drawn afresh.
const stops = 'a, button, summary, canvas';
const ofDetails = (one) => one.closest('tr')?.textContent ?? one.firstChild.textContent;
function keep(page, isSame) {
  const opened = [...page.querySelectorAll('details[open]')].map(ofDetails);
  const aside = [...page.querySelectorAll('.scroll')].map((one) => one.scrollLeft);
  const at = [...page.querySelectorAll(stops)].indexOf(document.activeElement);
  return () => {
    if (!isSame) return;
    for (const one of page.querySelectorAll('details')) one.open = opened.includes(ofDetails(one));
    page.querySelectorAll('.scroll').forEach((one, i) => { one.scrollLeft = aside[i] || 0; });
    if (at >= 0) page.querySelectorAll(stops)[at]?.focus({preventScroll: true});
  };
}

function show() {
  if (!data || isHeld) return;
  const start = performance.now();
  const {program} = data.picture;
  byId('program').textContent = program.name;
  byId('where').textContent = `process ${program.pid} on ${program.host}` + (program.job ? `, job ${program.job}` : '') +
    `, ${program.running ? 'running for' : 'ran'} ${seconds(program.now_s)}`;
  document.title = program.name + ' - Weir';
  const {verdict} = data.picture;
  byId('verdict').replaceChildren(verdict.sentence, make('small', {}, verdict.advice));
  byId('verdict').className = verdict.limited ? 'limited' : '';
  const page = byId('page');
  const top = scrollY, fresh = make('div'), now = `${view.page}/${view.id}`, restore = keep(page, now === shown);
  shown = now;
  page.replaceChildren(fresh);  // before drawing, so that canvases know their width
  pages[view.page](fresh, {...data, view, live: !embedded});
  restore();
  scrollTo(0, top);
  performance.measure('picture', {start});
  drawn = performance.now();
  took = drawn - start;
}

// What has moved since the last picture; it is drawn as often as takes a tenth of the browser's time.
function move({tasks, busy, cpu, now_s, functions}) {
  if (!data) return;
  const {picture} = data;
  Object.assign(picture, {tasks});
  Object.assign(picture.cluster, {busy, cpu});
  picture.program.now_s = now_s;
  for (const [name, count, submitted, failed, busy_s] of functions) {
    const one = picture.functions.find((known) => known.name === name);
    if (one) Object.assign(one, {count, submitted, failed, busy_s});
  }
  if (getSelection().isCollapsed && performance.now() - drawn >= 9 * took) show();
}

function take(fresh) {
  if (fresh.glance) return move(fresh.glance);
  const old = data?.history;
  if (!fresh.whole && old) fresh.history.rows = [...old.rows, ...fresh.history.rows].slice(-mostRows);
  data = fresh;
  byId('foot').textContent = '';
  if (getSelection().isCollapsed) show();
}

function ended(text) {
  byId('foot').textContent = text || 'the program has ended, or cannot be reached; `weir report` makes a report of what it did';
  byId('foot').className = 'error';
}

// What is asked for and what is followed are the same; who asks gets the first message alone.
const address = (kind) => `json/${kind}?page=${view.page}&columns=${Math.min(1600, Math.max(200, innerWidth))}` +
  `&past=${view.past}` + (view.page === 'tasks' ? `&seconds=${view.seconds}&first_row=${view.firstRow}` : '') +
  (view.range ? `&from_s=${view.range[0]}&to_s=${view.range[1]}` : '') + (view.id ? `&id=${encodeURIComponent(view.id)}` : '');

async function ask() {
  const mine = ++asking;
  while (mine === asking) {
    if (!document.hidden) {
      try {
        const answer = await fetch(address('page'), {credentials: 'same-origin'});
        if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
        const fresh = await answer.json();
        if (mine === asking) take(fresh);
      } catch (error) {
        ended(error instanceof TypeError ? '' : error.message);
      }
    }
    await new Promise((done) => setTimeout(done, between));
  }
}

const webSocket = () => new WebSocket(Object.assign(new URL(address('events'), location.href), {protocol: location.protocol.replace('http', 'ws')}));

// In the first way that brings something in time; what fails later is not tried again, until another page is chosen.
function follow(ways = [() => new EventSource(address('events')), webSocket]) {
  ++asking;
  source?.close();
  source = null;
  if (document.hidden || embedded) return;
  if (!ways.length) { ask(); return; }
  const mine = source = ways[0]();
  const next = () => {
    clearTimeout(proxy);
    if (mine === source) follow(ways.slice(1));
  };
  const proxy = setTimeout(next, patience);
  mine.onmessage = (event) => {
    clearTimeout(proxy);
    if (mine === source) take(JSON.parse(event.data));
  };
  mine.onerror = mine.onclose = next;
}

for (const name of Object.keys(pages).filter((page) => !['task', 'worker'].includes(page)))  // which links lead to
  byId('tabs').append(make('button', {type: 'button', 'data-page': name, onclick: () => { location.hash = name; }}, name));
choose(location.hash.slice(1));
addEventListener('hashchange', () => { choose(location.hash.slice(1)); show(); follow(); });
addEventListener('resize', show);
addEventListener('pointerdown', () => { isHeld = true; }, true);
for (const name of ['pointerup', 'pointercancel']) addEventListener(name, () => { isHeld = false; }, true);
document.addEventListener('visibilitychange', () => follow());
if (embedded) {
  byId('foot').textContent = 'a report of a run: everything is in this file';
  show();
} else {
  follow();
}
