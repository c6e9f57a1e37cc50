#include "net/operational.hpp"

namespace hermod::net {

/// Draws /openapi.json. Everything from the document goes in as text, never as markup.
static constexpr std::string_view script = R"js(
'use strict';
const main = document.querySelector('main');
const nav = document.querySelector('nav');
const find = document.querySelector('#find');

function node(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/* `code` in descriptions. */
function prose(text) {
  return (text || '').split('`').map((part, i) => (i % 2 ? node('code', {}, part) : part));
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
  if (schema.enum) words.push('one of ' + schema.enum.join(', '));
  if (schema.format) words.push(schema.format);
  if (schema.pattern) words.push(schema.pattern);
  if (schema.minLength !== undefined) words.push('at least ' + schema.minLength + ' characters');
  if (schema.maxLength !== undefined) words.push('at most ' + schema.maxLength + ' characters');
  if (schema.minimum !== undefined) words.push('from ' + schema.minimum);
  if (schema.maximum !== undefined) words.push('to ' + schema.maximum);
  if (schema.maxItems !== undefined) words.push('at most ' + schema.maxItems + ' items');
  if (schema.default !== undefined) words.push('default ' + JSON.stringify(schema.default));
  return words.join(', ');
}

function typeLink(schema) {
  const text = typeOf(schema);
  const reference = JSON.stringify(schema).match(/#\/components\/schemas\/([A-Za-z0-9_]+)/);
  return reference ? node('a', { href: '#schema-' + reference[1] }, text) : text;
}

function table(headings, rows) {
  return node('div', { class: 'wide' }, node('table', {},
    node('thead', {}, node('tr', {}, ...headings.map((text) => node('th', { scope: 'col' }, text)))),
    node('tbody', {}, ...rows.map((cells) =>
      node('tr', {}, ...cells.map((cell) => node('td', {}, ...[].concat(cell))))))));
}

function fields(schema) {
  const required = schema.required || [];
  return table(['Field', 'Type', 'Limits'], Object.entries(schema.properties || {}).map(([name, field]) => [
    [node('code', {}, name), required.includes(name) ? ' ' : node('small', {}, ' optional')],
    typeLink(field), limits(field)]));
}

function resolve(document_, item) {
  return item.$ref ? item.$ref.slice(2).split('/').reduce((at, key) => at[key], document_) : item;
}

function operation(document_, path, method, route) {
  const parts = [node('p', {}, ...prose(route.description || route.summary))];
  if (route.security && route.security.length === 0) parts.push(node('p', {}, 'Needs no credentials.'));
  if (route['x-scope']) parts.push(node('p', {}, 'Scope ', node('code', {}, route['x-scope']), '.'));
  const parameters = (route.parameters || []).map((item) => resolve(document_, item));
  if (parameters.length)
    parts.push(node('h4', {}, 'Parameters'), table(['Name', 'In', 'Type', 'Limits'], parameters.map((p) => [
      [node('code', {}, p.name), p.required ? ' ' : node('small', {}, ' optional')],
      p.in, typeLink(p.schema), limits(p.schema)])));
  if (route.requestBody)
    parts.push(node('h4', {}, 'Body'),
      node('p', {}, typeLink(route.requestBody.content['application/json'].schema)));
  parts.push(node('h4', {}, 'Answers'), table(['Status', 'Body', 'Meaning'],
    Object.entries(route.responses).map(([status, answer]) => {
      const content = Object.values(answer.content || {})[0];
      const codes = answer['x-codes'];
      const meaning = codes
        ? codes.flatMap((code, i) => [i ? ', ' : '', node('a', { href: '#error-' + code }, code)])
        : prose(answer.description);
      return [status, content ? typeLink(content.schema) : '', meaning];
    })));
  return node('details', { id: route.operationId, 'data-words': (method + ' ' + path + ' ' + route.summary).toLowerCase() },
    node('summary', {}, node('b', { class: method }, method.toUpperCase()), ' ', node('code', {}, path),
      ' ', node('span', {}, route.summary || '')), ...parts);
}

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.tagName === 'DETAILS') target.open = true;
  target.scrollIntoView();
}

function draw(document_) {
  const byTag = new Map(document_.tags.map((tag) => [tag.name, []]));
  for (const [path, methods] of Object.entries(document_.paths))
    for (const [method, route] of Object.entries(methods))
      byTag.get(route.tags[0]).push(operation(document_, path, method, route));
  for (const [tag, routes] of byTag) {
    nav.append(node('a', { href: '#tag-' + tag }, tag));
    main.append(node('section', {}, node('h2', { id: 'tag-' + tag }, tag), ...routes));
  }
  nav.append(node('a', { href: '#schemas' }, 'schemas'), node('a', { href: '#errors' }, 'errors'));
  main.append(node('section', {}, node('h2', { id: 'schemas' }, 'Schemas'),
    ...Object.entries(document_.components.schemas).map(([name, schema]) =>
      node('details', { id: 'schema-' + name, 'data-words': name.toLowerCase() },
        node('summary', {}, node('code', {}, name)),
        schema.properties ? fields(schema) : node('pre', {}, JSON.stringify(schema, null, 2))))));
  const errors = table(['Code', 'Status', 'Meaning'],
    document_['x-errors'].map((error) => [node('code', {}, error.code), String(error.status), error.title]));
  errors.querySelectorAll('tbody tr').forEach((row, i) => {
    row.id = 'error-' + document_['x-errors'][i].code;
  });
  main.append(node('section', {}, node('h2', { id: 'errors' }, 'Errors'), errors));
  openTarget();
}

find.addEventListener('input', () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const details of document.querySelectorAll('details'))
    details.hidden = !words.every((word) => details.dataset.words.includes(word));
});
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && event.target === document.body) {
    event.preventDefault();
    find.focus();
  }
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
  --text: light-dark(#1b1d22, #e6e8ee); --page: light-dark(#ffffff, #14161b); --link: light-dark(#0a53be, #8ab8ff); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
a { color: var(--link); }
header { padding: 1rem; border-bottom: 1px solid var(--line); }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
h4 { margin: 1rem 0 .25rem; }
main, nav { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
main { padding-bottom: 4rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding-top: 1rem; }
label { display: block; }
input { font: inherit; width: min(100%, 24rem); padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 6px;
  color: inherit; background: var(--soft); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: 0 .75rem; }
details[open] { padding-bottom: .75rem; }
summary { padding: .5rem 0; cursor: pointer; overflow-wrap: anywhere; }
summary span { opacity: .8; }
summary b { display: inline-block; min-width: 4.2rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; }
tr:target { background: var(--soft); }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; }
</style>
</head>
<body>
<header>
<h1>Hermod API</h1>
<label for="find">Find a route or schema <small>(press /)</small></label>
<input id="find" type="search" autocomplete="off">
<p>The same as a document: <a href="/openapi.json">openapi.json</a></p>
</header>
<nav aria-label="Areas"></nav>
<main></main>
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
