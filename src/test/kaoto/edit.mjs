// Edits the route files and Kamelets of a folder as a person would in Kaoto: node edit.mjs FROM TO [CATALOG]
//
// Opens the form of every step, branch, onException, route and Kamelet, appends to its description, and retypes each
// other text that it shows, so that Kaoto writes its own form of all of them. Fails if anything else has changed in
// meaning, or if Kaoto marks a step with a warning.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import { build } from 'esbuild';
import { JSDOM } from 'jsdom';
import { parse } from 'yaml';

const EDITED = ' (edited)';
const here = name => fileURLToPath(new URL(name, import.meta.url));
const json = path => JSON.parse(readFileSync(path, 'utf8'));
const pause = () => new Promise(resolve => setTimeout(resolve));

const [from, to, catalogName = 'Camel Quarkus 3.33.1'] = process.argv.slice(2);
const kaoto = await load();
const languages = await loadCatalog();

rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true });
const problems = [];
for (const name of readdirSync(from).filter(file => /\.(camel|kamelet)\.yaml$/.test(file)).sort()) {
  const source = readFileSync(join(from, name), 'utf8');
  const { count, warnings, result } = await edit(name, source);
  writeFileSync(join(to, name), result);
  const changes = difference(normal(parse(source)), normal(parse(result)));
  const head = source.match(/^(#.*\n)*/)[0];
  if (!result.startsWith(head)) {
    changes.push('the comment at its head');
  }
  console.log(`${name}: ${count} forms edited`);
  problems.push(...warnings.map(text => `${name}: warning of Kaoto: ${text}`), ...changes.map(text => `${name}: ${text}`));
}
problems.forEach(problem => console.log(problem));
process.exit(problems.length === 0 ? 0 : 1);

/** Bundles Kaoto without its pictures and style sheets, and loads it into a page that is never drawn. */
async function load() {
  const bundle = here('kaoto.bundle.mjs');
  await build({
    entryPoints: [here('kaoto.js')], outfile: bundle, bundle: true, format: 'esm', logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: { '.css': 'empty', '.scss': 'empty', '.svg': 'empty', '.png': 'empty' },
  });
  const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, url: 'http://localhost/' });
  window.matchMedia = () => ({ matches: false, addEventListener() {}, removeEventListener() {} });
  // nothing is laid out: what an element says of its style will do
  window.getComputedStyle = element => element.style;
  window.ResizeObserver = class { observe() {} unobserve() {} disconnect() {} };
  for (const name of Object.getOwnPropertyNames(window).filter(property => !(property in globalThis))) {
    globalThis[name] = window[name];
  }
  globalThis.window = window;
  // formats that its validation does not have
  console.warn = console.error = () => {};
  return import(bundle);
}

/** Loads the catalog and returns the names of the expression languages. */
async function loadCatalog() {
  const folder = here('node_modules/@kaoto/camel-catalog/dist/camel-catalog');
  const { fileName } = json(join(folder, 'index.json')).definitions.find(definition => definition.name === catalogName);
  const index = join(folder, fileName);
  const catalogs = join(index, '..');
  globalThis.fetch = async path => ({ url: path, json: async () => json(path) });
  const catalogIndex = json(index);
  await kaoto.fetchCamelCatalog({ catalogIndex, relativeBasePath: catalogs });
  return Object.values(json(join(catalogs, catalogIndex.catalogs.languages.file))).map(({ model }) => model.name);
}

async function edit(path, source) {
  const resource = kaoto.CamelResourceFactory.createCamelResource(source, { path });
  await resource.initialize();
  const warnings = [];
  let count = 0;
  for (const entity of resource.getVisualEntities()) {
    for (const node of nodes(await entity.toVizNode())) {
      const warning = node.getNodeValidationText();
      if (warning) {
        warnings.push(`${node.data.path}: ${warning}`);
      }
      await editForm(node, resource);
      count++;
    }
  }
  return { count, warnings, result: await resource.toSourceCode() };
}

function nodes(node) {
  const below = (node.getChildren() ?? []).flatMap(nodes);
  return node.data.isPlaceholder ? below : [node, ...below];
}

async function editForm(vizNode, camelResource) {
  const { createElement } = kaoto;
  const place = document.body.appendChild(document.createElement('div'));
  const root = kaoto.createRoot(place);
  const form = createElement(kaoto.CanvasFormBody, { vizNode });
  const tab = vizNode.getNodeDefinition().description ? 'Modified' : 'All';
  const entities = { camelResource, visualEntities: camelResource.getVisualEntities(), updateSourceCodeFromEntities() {} };
  kaoto.flushSync(() => root.render(
    createElement(kaoto.EntitiesContext.Provider, { value: entities },
      createElement(kaoto.SuggestionRegistryProvider, {},
        createElement(kaoto.CanvasFormTabsProvider, { tab }, form)))));
  await pause();
  const texts = () => [...place.querySelectorAll('input[type=text][name], input[type=number][name], textarea[name]')]
    .filter(field => field.name && !field.name.endsWith('__key') && !field.readOnly && !field.disabled);
  if (!texts().some(field => field.name === '#.description')) {
    throw new Error(`${vizNode.data.path}: its form has no description`);
  }
  for (const [index, { name, value }] of texts().map(({ name, value }) => ({ name, value })).entries()) {
    if (name === '#.description') {
      await type(texts()[index], value + EDITED);
    } else if (value !== '') {
      await type(texts()[index], value + '?');
      await type(texts()[index], value);
    }
  }
  root.unmount();
  place.remove();
}

async function type(field, text) {
  const kind = field instanceof window.HTMLTextAreaElement ? window.HTMLTextAreaElement : window.HTMLInputElement;
  // React overrides the field's own setter
  Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(field, text);
  field.dispatchEvent(new window.Event('input', { bubbles: true }));
  await pause();
}

/** Returns the content without the edits and in one form of expressions. */
function normal(node) {
  if (Array.isArray(node)) {
    return node.map(normal);
  }
  if (node === null || typeof node !== 'object') {
    return node;
  }
  const { expression, ...others } = node;
  const flat = expression !== null && typeof expression === 'object' ? { ...others, ...expression } : node;
  const result = {};
  for (const [key, value] of Object.entries(flat)) {
    result[key] = languages.includes(key) && typeof value !== 'object' ? { expression: value } : normal(value);
  }
  if (typeof result.default === 'number') {
    // the field of a Kamelet's property is one for text
    result.default = String(result.default);
  }
  if (typeof result.description === 'string' && result.description.endsWith(EDITED)) {
    result.description = result.description.slice(0, -EDITED.length) || undefined;
  }
  // what Kaoto writes beside the name in the URI
  if (result.uri?.startsWith('kamelet:') && result.parameters?.templateId === result.uri.slice('kamelet:'.length)) {
    delete result.parameters.templateId;
  }
  if (isDeepStrictEqual(result.parameters, {})) {
    delete result.parameters;
  }
  Object.keys(result).filter(key => result[key] === undefined).forEach(key => delete result[key]);
  return result;
}

/** Returns what differs, a line each. */
function difference(before, after, path = '') {
  if (isDeepStrictEqual(before, after)) {
    return [];
  }
  const isObject = value => value !== null && typeof value === 'object';
  if (!isObject(before) || !isObject(after) || Array.isArray(before) !== Array.isArray(after)) {
    return [`${path} was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`];
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .flatMap(key => difference(before[key], after[key], `${path}/${key}`));
}
