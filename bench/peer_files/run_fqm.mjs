// fqm-execution over files of patient bundles: node run_fqm.mjs FOLDER MEASURE-BUNDLE.json START END FILE.ndjson...
// One file is one batch. The first batch runs twice, so that the second time tells what a warmed-up engine needs.
// Prints one line of JSON: seconds of the processor to read and to calculate each batch, once more for the first;
// and the hits.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [folder, measure, start, end, ...files] = process.argv.slice(2);
const { Calculator } = createRequire(`${folder}/`)('fqm-execution');
const cpu = (since) => { const used = process.cpuUsage(since); return (used.user + used.system) / 1e6; };
const bundle = JSON.parse(readFileSync(measure, 'utf8'));
const options = {
  measurementPeriodStart: start, measurementPeriodEnd: end, calculateHTML: false, calculateSDEs: false,
  calculateClauseCoverage: false, useElmJsonsCaching: true, trustMetaProfile: false, disableHTMLOrdering: true,
};
const calculated = [], again = [], read = [], hits = [];
let patients = 0, megabytes = 0;
for (const file of files) {
  let since = process.cpuUsage();
  const batch = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  read.push(cpu(since));
  since = process.cpuUsage();
  const { results } = await Calculator.calculate(bundle, batch, options);
  calculated.push(cpu(since));
  if (patients === 0) {
    since = process.cpuUsage();
    await Calculator.calculate(bundle, batch, options);
    again.push(cpu(since));
  }
  patients += batch.length;
  megabytes = Math.max(megabytes, Math.round(process.memoryUsage().rss / 1e6));
  for (const one of results) {
    for (const group of one.detailedResults) {
      for (const population of group.populationResults) {
        if (population.result) hits.push([one.patientId, `${group.groupId}/${population.populationType}`]);
      }
    }
  }
}
console.log(JSON.stringify({ patients, read, calculated, again, hits, megabytes }));
