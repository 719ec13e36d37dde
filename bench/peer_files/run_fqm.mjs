// fqm-execution over patient bundles: node run_fqm.mjs FOLDER MEASURE-BUNDLE.json START END FILE.ndjson [ROUNDS]
// Prints one line of JSON: seconds of the processor to read the patients and, per round, to calculate; and the hits.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [folder, measure, start, end, file, rounds] = process.argv.slice(2);
const { Calculator } = createRequire(`${folder}/`)('fqm-execution');
const cpu = (since) => { const used = process.cpuUsage(since); return (used.user + used.system) / 1e6; };
let since = process.cpuUsage();
const patients = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const read = cpu(since);
const bundle = JSON.parse(readFileSync(measure, 'utf8'));
const options = {
  measurementPeriodStart: start, measurementPeriodEnd: end, calculateHTML: false, calculateSDEs: false,
  calculateClauseCoverage: false, useElmJsonsCaching: true, trustMetaProfile: false, disableHTMLOrdering: true,
};
const calculated = [], hits = [];
for (let round = 0; round < Number(rounds ?? 1); round += 1) {
  since = process.cpuUsage();
  const { results } = await Calculator.calculate(bundle, patients, options);
  calculated.push(cpu(since));
  if (round === 0) {
    for (const one of results) {
      for (const group of one.detailedResults) {
        for (const population of group.populationResults) {
          if (population.result) hits.push([one.patientId, `${group.groupId}/${population.populationType}`]);
        }
      }
    }
  }
}
console.log(JSON.stringify({ patients: patients.length, read, calculated, hits, megabytes: Math.round(process.memoryUsage().rss / 1e6) }));
