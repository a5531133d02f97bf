import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { OPERATOR_CREDENTIALS } from './door/door.ts';
import { firstCommands } from './first-commands.ts';
import { type LocalCloud, startLocalCloud, synthesize } from './local-cloud.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import type { LocalEvent } from './services/local-context.ts';

function optionsOrEnd(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`stagegate: ${describe(error)}\n${USAGE}`);
    return process.exit(2);
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Prints `10:03:07  states      execution succeeded  arn=…`. */
function showEvent({ source, message, fields = {} }: LocalEvent): void {
  const time = new Date().toTimeString().slice(0, 8);
  const details = Object.entries(fields).map(
    ([name, value]) => `  ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  console.log(`${time}  ${source.padEnd(10)}  ${message}${details.join('')}`);
}

function showAddresses(cloud: LocalCloud): void {
  const rows = [
    ['Board', `${cloud.url}${cloud.board.startPath}`],
    ['REST API', cloud.url],
    ['E-mails', `${cloud.url}/local/outbox`],
    ['Executions', `${cloud.url}/local/executions`],
    ['AWS endpoint', cloud.endpoint],
    [
      '  credentials',
      `AWS_ACCESS_KEY_ID=${OPERATOR_CREDENTIALS.accessKeyId} AWS_SECRET_ACCESS_KEY=${OPERATOR_CREDENTIALS.secretAccessKey}`,
    ],
    ['  region', cloud.region],
    ['  table', cloud.tableName],
  ];
  console.log(`\nStagegate runs on this machine; Ctrl-C ends it.\n`);
  for (const [name = '', value = ''] of rows) console.log(`  ${name.padEnd(14)}${value}`);
  console.log('');
  for (const line of firstCommands(cloud.url)) console.log(line);
}

const options = optionsOrEnd();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

/** Synthesizes the current sources and returns the assembly's directory, which is removed at the end. */
async function synthesizeSources(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-assembly-'));
  // When Ctrl-C ends the process, something may still be writing to the directory; hence the retries.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  console.log('stagegate: synthesizing the CDK app …');
  return synthesize(directory);
}

let cloud: LocalCloud | undefined;
let interrupts = 0;
const interrupt = (): void => {
  interrupts += 1;
  if (interrupts > 1) process.exit(130);
  if (!cloud) process.exit(130);
  console.log('\nstagegate: stopping (Ctrl-C again ends at once) …');
  cloud.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(`stagegate: ${describe(error)}`);
      process.exit(1);
    },
  );
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);

try {
  const assemblyDirectory = options.assembly ? resolve(options.assembly) : await synthesizeSources();
  console.log('stagegate: starting the local cloud from its template …');
  cloud = await startLocalCloud({
    assemblyDirectory,
    port: options.port,
    data: options.data && resolve(options.data),
    configRepository: options['config-repo'] && resolve(options['config-repo']),
    targetEndpoint: options['target-endpoint'],
    log: showEvent,
  });
  showAddresses(cloud);
  await cloud.lambda.warm();
} catch (error) {
  console.error(`stagegate: ${describe(error)}`);
  process.exit(1);
}
