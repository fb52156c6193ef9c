// The page: chooses what is shown, and follows the program while somebody looks: each second it is sent what the
// shown page needs; where a proxy keeps that back, it asks every two seconds. In a report everything is there from
// the beginning.
import {make, seconds} from './draw.js';
import {pages} from './pages.js';

const embedded = document.getElementById('record');
const byId = (id) => document.getElementById(id);
const view = {page: 'status', sort: {}, seconds: 60, firstRow: 0,
  setSort(page, column) { this.sort[page] = column; show(); },
  setTile(range, firstRow) { [this.seconds, this.firstRow] = [range, firstRow]; follow(); }};
const patience = 4000, between = 2000, mostRows = 900;
let data = embedded ? JSON.parse(embedded.textContent) : null;
if (data) data.stream = data.task_stream;
let source = null, asking = 0;

function choose(name) {
  view.page = Object.hasOwn(pages, name) ? name : 'status';
  for (const tab of byId('tabs').children)
    if (tab.dataset.page === view.page) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
}

function show() {
  if (!data) return;
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
  const top = scrollY, fresh = make('div');
  page.replaceChildren(fresh);  // before drawing, so that canvases know their width
  pages[view.page](fresh, {...data, view, live: !embedded});
  scrollTo(0, top);
  performance.measure('picture', {start});
}

function take(fresh) {
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
  (view.page === 'tasks' ? `&seconds=${view.seconds}&first_row=${view.firstRow}` : '');

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

function follow() {
  ++asking;
  source?.close();
  source = null;
  if (document.hidden || embedded) return;
  const mine = source = new EventSource(address('events'));
  const proxy = setTimeout(() => { if (mine === source) { mine.close(); ask(); } }, patience);
  mine.onmessage = (event) => {
    clearTimeout(proxy);
    if (mine === source) take(JSON.parse(event.data));
  };
  mine.onerror = () => {
    clearTimeout(proxy);
    if (mine !== source) return;
    mine.close();
    ask();
  };
}

for (const name of Object.keys(pages))
  byId('tabs').append(make('button', {type: 'button', 'data-page': name, onclick: () => { location.hash = name; }}, name));
choose(location.hash.slice(1));
addEventListener('hashchange', () => { choose(location.hash.slice(1)); show(); follow(); });
addEventListener('resize', show);
document.addEventListener('visibilitychange', follow);
if (embedded) {
  byId('foot').textContent = 'a report of a run: everything is in this file';
  show();
} else {
  follow();
}
