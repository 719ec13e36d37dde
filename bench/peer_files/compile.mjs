// CQL to ELM: node compile.mjs FOLDER-WITH-node_modules LIBRARY.cql OUTPUT.json
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, source, target] = process.argv.slice(2);
const need = createRequire(`${folder}/`);
const at = (name) => import(pathToFileURL(`${folder}/node_modules/@cqframework/cql/${name}.mjs`));
const { CqlTranslator, LibraryManager, ModelManager, SystemModelInfoProvider, createModelInfoProvider, createUcumService, stringAsSource } = {
  ...(await at('cql')), ...(await at('shared')), ...(await at('cql-to-elm')),
};
const models = new ModelManager();
models.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());
const xml = readFileSync(need.resolve('cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml'), 'utf8');
models.modelInfoLoader.registerModelInfoProvider(createModelInfoProvider((id) => (id === 'FHIR' ? stringAsSource(xml) : null)));
// The text knows no unit but days.
const units = createUcumService((value) => value, () => null, (one) => one, (one) => one);
const translator = CqlTranslator.fromText(readFileSync(source, 'utf8'), new LibraryManager(models, undefined, undefined, units));
const elm = JSON.parse(translator.toJson());
const errors = (elm.library.annotation ?? []).filter((one) => one.errorSeverity === 'error');
if (errors.length) throw new Error(errors.map((one) => `${one.startLine}: ${one.message}`).join('\n'));
writeFileSync(target, JSON.stringify(elm));
