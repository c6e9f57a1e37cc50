#include "net/operational.hpp"

namespace hermod::net {

/// Draws /openapi.json. Everything from the document goes in as text, never as markup.
static constexpr std::string_view script = R"js(
'use strict';
const main = document.querySelector('main');
const nav = document.querySelector('nav');
const find = document.querySelector('#find');
const found = document.querySelector('#found');
/** Where a piece of code in a text leads: schemas by name, routes as `GET /path`. */
const targets = new Map();

function node(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== ''));
  return element;
}

/* `code` in texts, linked where it names something of this page. */
function prose(text) {
  return (text || '').split('`').map((part, i) => {
    if (i % 2 === 0) return part;
    const code = node('code', {}, part);
    return targets.has(part) ? node('a', { href: '#' + targets.get(part) }, code) : code;
  });
}

/* Paragraphs, `## ` headings and `- ` lists: what the introduction is written in. */
function paragraphs(text) {
  return text.trim().split(/\n\s*\n/).map((part) => {
    if (part.startsWith('## ')) return node('h3', {}, part.slice(3));
    if (!part.startsWith('- ')) return node('p', {}, ...prose(part));
    return node('ul', {}, ...part.split(/\n?- /).filter(Boolean).map((item) => node('li', {}, ...prose(item))));
  });
}

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.oneOf) return schema.oneOf.map(typeOf).join(' or ');
  const types = [].concat(schema.type || 'any');
  return types.map((type) => (type === 'array' ? 'list of ' + typeOf(schema.items || {}) : type)).join(' or ');
}

function limits(schema) {
  const words = [];
  const id = /^\^([a-z]+)_\[/.exec(schema.pattern || '');
  if (schema.enum) words.push('one of ' + schema.enum.filter((value) => value !== null).join(', '));
  if (schema.format) words.push(schema.format);
  if (id) words.push('an id, ' + id[1] + '_…');
  else if (schema.pattern) words.push(schema.pattern);
  if (schema.minLength !== undefined) words.push('at least ' + schema.minLength + (schema.minLength === 1 ? ' character' : ' characters'));
  if (schema.maxLength !== undefined) words.push('at most ' + schema.maxLength + ' characters');
  if (schema.minimum !== undefined) words.push('from ' + schema.minimum);
  if (schema.maximum !== undefined) words.push('to ' + schema.maximum);
  if (schema.minItems) words.push('at least ' + schema.minItems + (schema.minItems === 1 ? ' item' : ' items'));
  if (schema.maxItems !== undefined) words.push('at most ' + schema.maxItems + ' items');
  if (schema.default !== undefined) words.push('default ' + JSON.stringify(schema.default));
  const all = words.join(', ');
  return all.charAt(0).toUpperCase() + all.slice(1);
}

function typeLink(schema) {
  const text = typeOf(schema);
  const reference = JSON.stringify(schema).match(/#\/components\/schemas\/([A-Za-z0-9_]+)/);
  return reference ? node('a', { href: '#schema-' + reference[1] }, text) : text;
}

/* One entry of a list of fields or parameters. */
function field(name, schema, notes, description) {
  const limit = limits(schema);
  return node('div', {},
    node('dt', {}, node('code', {}, name), ' ', node('span', {}, typeLink(schema), ...notes.map((note) => ', ' + note))),
    node('dd', {}, ...prose(description), description && limit ? node('br') : '', limit && node('small', {}, limit)));
}

function fields(schema) {
  const required = schema.required || [];
  return node('dl', {}, ...Object.entries(schema.properties || {}).map(([name, part]) =>
    field(name, part, required.includes(name) ? [] : ['optional'], part.description)));
}

function table(headings, rows) {
  return node('div', { class: 'wide' }, node('table', {},
    node('thead', {}, node('tr', {}, ...headings.map((text) => node('th', { scope: 'col' }, text)))),
    node('tbody', {}, ...rows.map((cells) =>
      node('tr', {}, ...cells.map((cell) => node('td', {}, ...[].concat(cell))))))));
}

function resolve(api, item) {
  return item.$ref ? item.$ref.slice(2).split('/').reduce((at, key) => at[key], api) : item;
}

function answers(route) {
  return table(['Status', 'Body', 'Meaning'], Object.entries(route.responses).map(([status, answer]) => {
    const content = Object.values(answer.content || {})[0];
    const codes = answer['x-codes'];
    const meaning = codes
      ? codes.flatMap((code, i) => [i ? ', ' : '', node('a', { href: '#error-' + code }, code)])
      : prose(answer.description);
    return [status, content ? typeLink(content.schema) : '', meaning];
  }));
}

function operation(api, path, method, route) {
  const parts = [node('p', {}, ...prose(route.description || route.summary))];
  if (route.security && route.security.length === 0) parts.push(node('p', {}, 'Needs no credentials.'));
  if (route['x-scope']) parts.push(node('p', {}, 'Scope ', node('code', {}, route['x-scope']), '.'));
  const parameters = (route.parameters || []).map((item) => resolve(api, item));
  if (parameters.length)
    parts.push(node('h4', {}, 'Parameters'), node('dl', {}, ...parameters.map((p) =>
      field(p.name, p.schema, [p.in, ...(p.required ? [] : ['optional'])], p.description))));
  if (route.requestBody) {
    const [[type, { schema }]] = Object.entries(route.requestBody.content);
    parts.push(node('h4', {}, 'Body: ', typeLink(schema), type === 'application/json' ? '' : ' as ' + type));
    if (schema) parts.push(fields(resolve(api, schema)));
  }
  parts.push(node('h4', {}, 'Answers'), answers(route));
  const words = [method, path, route.summary, route.operationId, ...parameters.map((p) => p.name)].join(' ');
  return node('details', { id: route.operationId, 'data-words': words.toLowerCase() },
    node('summary', {}, node('b', { class: method }, method.toUpperCase()), ' ', node('code', {}, path),
      ' ', node('span', {}, route.summary || '')), ...parts);
}

function schemaDetails([name, schema]) {
  const words = [name, ...Object.keys(schema.properties || {})].join(' ').toLowerCase();
  return node('details', { id: 'schema-' + name, 'data-words': words },
    node('summary', {}, node('code', {}, name)),
    schema.description ? node('p', {}, ...prose(schema.description)) : '',
    schema.properties ? fields(schema) : node('pre', {}, JSON.stringify(schema, null, 2)));
}

function errorTable(errors) {
  const made = table(['Code', 'Status', 'Meaning'],
    errors.map((error) => [node('code', {}, error.code), String(error.status), error.title]));
  made.querySelectorAll('tbody tr').forEach((row, i) => {
    const error = errors[i];
    row.id = 'error-' + error.code;
    row.dataset.words = [error.code, error.status, error.title].join(' ').toLowerCase();
  });
  return made;
}

function section(id, title, ...parts) {
  nav.append(node('a', { href: '#' + id }, title));
  main.append(node('section', {}, node('h2', { id }, title), ...parts));
}

function draw(api) {
  const byTag = new Map(api.tags.map((tag) => [tag.name, []]));
  for (const name of Object.keys(api.components.schemas)) targets.set(name, 'schema-' + name);
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, route] of Object.entries(methods)) targets.set(method.toUpperCase() + ' ' + path, route.operationId);
  for (const error of api['x-errors']) targets.set(error.code, 'error-' + error.code);
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, route] of Object.entries(methods))
      byTag.get(route.tags[0]).push(operation(api, path, method, route));
  const introduction = api.info.description;
  section('start', 'start', node('div', { 'data-words': introduction.toLowerCase() }, ...paragraphs(introduction)));
  for (const [tag, routes] of byTag) section('tag-' + tag, tag, ...routes);
  section('schemas', 'schemas', ...Object.entries(api.components.schemas).map(schemaDetails));
  section('errors', 'errors', errorTable(api['x-errors']));
  narrow();
  openTarget();
}

/* Shows what has every word, and the headings of what is shown. */
function narrow() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const item of document.querySelectorAll('[data-words]')) {
    item.hidden = !words.every((word) => item.dataset.words.includes(word));
    count += item.hidden ? 0 : 1;
  }
  for (const part of main.querySelectorAll('section'))
    part.hidden = words.length > 0 && !part.querySelector('[data-words]:not([hidden])');
  if (words.length === 0) found.textContent = '';
  else found.textContent = count === 0 ? 'Nothing found.' : count + ' found.';
}

/* What a link leads to is shown, whatever the filter hides. */
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.closest('[hidden]')) {
    find.value = '';
    narrow();
  }
  if (target.tagName === 'DETAILS') target.open = true;
  target.scrollIntoView();
  // The keyboard goes on from here.
  if (target.tagName === 'DETAILS') target.querySelector('summary').focus({ preventScroll: true });
}

find.addEventListener('input', narrow);
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest && event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  find.focus();
});
// A link to where one already is changes no hash, yet what it names may be hidden by now.
document.addEventListener('click', (event) => {
  const link = event.target.closest && event.target.closest('a[href^="#"]');
  if (link && link.getAttribute('href') === location.hash) openTarget();
});
window.addEventListener('hashchange', openTarget);

fetch('/openapi.json')
  .then((response) => {
    if (!response.ok) throw new Error('HTTP ' + response.status);
    return response.json();
  })
  .then(draw)
  .catch((error) => main.append(node('p', { role: 'alert' }, 'The document could not be loaded: ' + error.message)));
)js";

static constexpr std::string_view before_script = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hermod API</title>
<style>
:root { color-scheme: light dark; --line: light-dark(#d5d8de, #3a3f4a); --soft: light-dark(#f4f5f8, #1d2027);
  --text: light-dark(#1b1d22, #e6e8ee); --quiet: light-dark(#565b66, #a6acb8); --page: light-dark(#ffffff, #14161b);
  --link: light-dark(#0a53be, #8ab8ff); }
* { box-sizing: border-box; }
html { scrollbar-gutter: stable; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
a { color: var(--link); }
header { padding: 1rem 0; border-bottom: 1px solid var(--line); }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
h3 { margin: 1.25rem 0 .25rem; font-size: 1rem; }
h4 { margin: 1rem 0 .25rem; }
p { margin: .5rem 0; }
header > div, main, nav { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
main { padding-bottom: 4rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding-top: 1rem; }
label { display: block; }
small, summary span, dt span { color: var(--quiet); font-size: .9em; }
input { font: inherit; width: min(100%, 24rem); padding: .4rem .6rem; border: 1px solid var(--quiet); border-radius: 6px;
  color: inherit; background: var(--soft); }
#found { min-height: 1.5em; margin: .25rem 0 0; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: 0 .75rem; }
details[open] { padding-bottom: .75rem; }
summary { padding: .5rem 0; cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4.2rem; }
[hidden] { display: none; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
dl { margin: 0; }
dl > div { display: grid; grid-template-columns: minmax(0, 18rem) minmax(0, 1fr); gap: 0 1rem; padding: .4rem 0;
  border-bottom: 1px solid var(--line); }
dl > div:last-child { border-bottom: 0; }
dt code { font-weight: 600; }
dt, dd { overflow-wrap: break-word; }
dd { margin: 0; }
@media (max-width: 40rem) { dl > div { grid-template-columns: minmax(0, 1fr); } }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
tr:target { background: var(--soft); }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; }
</style>
</head>
<body>
<header><div>
<h1>Hermod API</h1>
<label for="find">Find a route, schema or error <small>(press /)</small></label>
<input id="find" type="search" autocomplete="off">
<p id="found" role="status"></p>
<p>The same as a document: <a href="/openapi.json">openapi.json</a></p>
</div></header>
<nav aria-label="Areas"></nav>
<main><noscript><p>This page is drawn by a script. Without one, read the <a href="/openapi.json">document</a> itself.</p></noscript></main>
<script>)html";

static constexpr std::string_view after_script = R"html(</script>
</body>
</html>
)html";

std::string_view docs_script()
{
    return script;
}

std::string_view docs_page()
{
    static auto const page = std::string{before_script}.append(script).append(after_script);
    return page;
}

}
