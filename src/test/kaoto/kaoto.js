// The parts of Kaoto that read a file, show the form of a step and write the file: what its editor runs on each edit.
export { createElement } from 'react';
export { flushSync } from 'react-dom';
export { createRoot } from 'react-dom/client';
export { CanvasFormTabsProvider, SuggestionRegistryProvider } from '@kaoto/forms';
export { CanvasFormBody } from './node_modules/@kaoto/kaoto/lib/components/Visualization/Canvas/Form/CanvasFormBody.js';
export { fetchCamelCatalog } from './node_modules/@kaoto/kaoto/lib/dynamic-catalog/support/fetch-camel-catalog.js';
export { CamelResourceFactory } from './node_modules/@kaoto/kaoto/lib/models/camel/camel-resource-factory.js';
export { EntitiesContext } from './node_modules/@kaoto/kaoto/lib/providers/entities.provider.js';
