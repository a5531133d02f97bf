import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { synthesize } from '../../local/synthesize.ts';
import { isExpected } from './expectations.ts';
import { KINDS, LENGTHS } from './fault-kinds.ts';
import { allTrials, oneFaultPerOperation, Trials } from './matrix.ts';
import { nameOf, operationNamed } from './operations.ts';
import { documentedRows, renderTable, writeDocument } from './table.ts';

const USAGE = `usage: npm run test:faults -- [options]

  --one-per-operation  one fault for every operation, as in npm test
  --only TEXT          only operations of docs/faults.md whose name has this text
  --kind KIND          only faults of this kind: ${KINDS.join(', ')}
  --length LENGTH      only faults of this length: ${LENGTHS.join(', ')}
  --write-docs         write the table into docs/faults.md
  --json               print the findings as JSON

Exit code 0: everything went as expected; 1: something did not.
`;

/** People open links as often as these tests do only within hours, not minutes. */
const CONTEXT = { 'stagegate:publicRequestRate': 2000, 'stagegate:publicRequestBurst': 4000 };

const { values: options } = readOptions();
const tell = (text: string) => console.error(`faults: ${text}`);
const work = mkdtempSync(join(tmpdir(), 'stagegate-faults-'));
try {
  process.exitCode = await run();
} finally {
  rmSync(work, { recursive: true, force: true });
}

function readOptions() {
  const boolean = { type: 'boolean', default: false } as const;
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      options: {
        'one-per-operation': boolean,
        'write-docs': boolean,
        json: boolean,
        only: text,
        kind: text,
        length: text,
      },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}

async function run(): Promise<number> {
  tell('synthesizing and starting a cloud …');
  process.env.STAGEGATE_E2E_ASSEMBLY ??= await synthesize(join(work, 'assembly'), CONTEXT);
  const trials = new Trials(tell);
  try {
    const { only } = options;
    const documented = [...documentedRows().keys()];
    const operations =
      only === undefined
        ? await trials.record()
        : documented.filter((name) => name.includes(only)).map((name) => operationNamed(name));
    const trialsOf = options['one-per-operation'] ? oneFaultPerOperation : allTrials;
    const planned = trialsOf(operations).filter(
      ({ faults, length }) =>
        faults.some(({ kind }) => kind === (options.kind ?? kind)) && length === (options.length ?? length),
    );
    tell(`${operations.length} operations, ${planned.length} promotions`);
    const findings = await trials.run(planned);
    if (options['write-docs']) writeDocument(only === undefined ? operations.map(nameOf) : documented, findings);
    const unexpected = findings.filter((finding) => !isExpected(finding));
    if (options.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
    else process.stdout.write(`${renderTable(operations.map(nameOf), findings)}\n`);
    for (const { operation, kind, length, detours, problems } of unexpected)
      tell(`UNEXPECTED: ${operation} ${kind} ${length}: ${[...detours, ...problems].join('; ')}`);
    tell(`${findings.length} findings, ${unexpected.length} unexpected`);
    return unexpected.length > 0 ? 1 : 0;
  } finally {
    await trials.stop();
  }
}
