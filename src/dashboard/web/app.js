// The page: chooses what is shown, and asks for it every two seconds while somebody looks. In a report everything
// is there from the beginning.
import {make, seconds} from './draw.js';
import {pages} from './pages.js';

const embedded = document.getElementById('record');
const byId = (id) => document.getElementById(id);
const view = {page: 'status', sort: {}, setSort(page, column) { this.sort[page] = column; show(); }};
let data = embedded ? JSON.parse(embedded.textContent) : null;
if (data) data.stream = data.task_stream;

function choose(name) {
  view.page = Object.hasOwn(pages, name) ? name : 'status';
  for (const tab of byId('tabs').children)
    tab.toggleAttribute('aria-current', false), tab.dataset.page === view.page && tab.setAttribute('aria-current', 'page');
}

function show() {
  if (!data) return;
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
  pages[view.page](fresh, {...data, view});
  scrollTo(0, top);
}

async function get(path) {
  const answer = await fetch(path, {credentials: 'same-origin'});
  if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
  return answer.json();
}

async function look() {
  try {
    const wants = view.page === 'tasks' || view.page === 'status';
    const range = view.page === 'tasks' ? 120 : 60;
    const [picture, history] = await Promise.all([get('json/picture'),
      data && Math.random() < 0.8 ? data.history : get('json/history?rows=300')]);
    const from = Math.max(0, Math.round(1e6 * (picture.program.now_s - range)));
    const stream = wants ? await get(`json/task_stream?from_us=${from}&columns=800&most=1500`) : null;
    data = {picture, history, stream};
    byId('foot').textContent = '';
    if (getSelection().isCollapsed) show();
  } catch (error) {
    byId('foot').textContent = error instanceof TypeError ?
      'the program has ended, or cannot be reached; `weir report` makes a report of what it did' : error.message;
    byId('foot').className = 'error';
  }
}

for (const name of Object.keys(pages))
  byId('tabs').append(make('button', {type: 'button', 'data-page': name, onclick: () => { location.hash = name; }}, name));
choose(location.hash.slice(1));
addEventListener('hashchange', () => { choose(location.hash.slice(1)); show(); if (!embedded) look(); });
addEventListener('resize', show);
if (embedded) {
  byId('foot').textContent = 'a report of a run: everything is in this file';
  show();
} else {
  const again = async () => {
    if (!document.hidden) await look();
    setTimeout(again, 2000);
  };
  again();
}
