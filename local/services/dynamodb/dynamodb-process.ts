import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { closeServer, listenOnLoopback } from '../../door/http-server.ts';
import type { LocalContext } from '../local-context.ts';
import { javaLaunch } from './java-launch.ts';
import { resetUnfinishedIndexes } from './unfinished-indexes.ts';

/**
 * Jetty closes idle connections after 30 s. Ours are closed earlier, because a request on a connection that Jetty is
 * closing would fail.
 */
const IDLE_CONNECTION_MS = 10_000;

/** DynamoDB Local accepts any well-formed signature; the key must contain only letters and digits. */
const authorizationOf = (accessKeyId: string): string =>
  `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20200101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0`;
const OWN_KEY = 'stagegate';

/** DynamoDB Local usually ends at once, but may need much longer on a busy machine. */
const STOP_PATIENCE_MS = 30_000;
const KILL_PATIENCE_MS = 5 * 60_000;

export interface DynamoDbProcess {
  readonly port: number;
  /** Sends one operation; resolves to the status and the text of the body. */
  send(operation: string, body: string): Promise<{ status: number; body: string }>;
  stop(): Promise<void>;
}

/** Options of DynamoDB Local: one set of tables for everybody who asks, or one for each access key. */
const TABLES = { shared: ['-sharedDb'], ofEachKey: [] } as const;

/**
 * Starts Amazon's DynamoDB Local, in memory or in `dataDirectory`, after ending the process that an earlier run left
 * behind.
 */
export async function startDynamoDb(
  context: Pick<LocalContext, 'database' | 'log'>,
  dataDirectory: string | undefined,
  tables: keyof typeof TABLES = 'shared',
): Promise<DynamoDbProcess> {
  const record = context.database.collection<{ pid: number }>('dynamodb-process');
  const leftover = record.get('running');
  if (leftover && dataDirectory) await endLeftover(leftover.pid, dataDirectory);

  const { arguments: launch, hasLauncher } = await javaLaunch();
  if (!hasLauncher) {
    const message =
      'DynamoDB Local listens on every network interface: install a JDK (not only a JRE) to keep it on 127.0.0.1';
    context.log({ source: 'dynamodb', message });
  }
  if (dataDirectory) {
    mkdirSync(dataDirectory, { recursive: true });
    resetUnfinishedIndexes(dataDirectory);
  }
  const storage = dataDirectory ? storageIn(dataDirectory) : ['-inMemory'];
  const given = hasLauncher ? undefined : await freePort();
  const options = [...TABLES[tables], '-disableTelemetry', ...(given ? ['-port', String(given)] : []), ...storage];
  const child = spawn('java', [...launch, ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
  const told = Promise.withResolvers<number>();
  let output = '';
  const keepOutput = (chunk: Buffer): void => {
    output = `${output}${chunk.toString('utf8')}`.slice(-4_000);
    const [, port] = /^listening on port (\d+)$/m.exec(output) ?? [];
    if (port) told.resolve(Number(port));
  };
  child.stdout.on('data', keepOutput);
  child.stderr.on('data', keepOutput);
  // Without this, an exception that ends Node.js would leave java running if the launcher is missing.
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`java did not start: ${error.message}`));
    child.once('close', (code, signal) => resolve(`java ended with ${signal ?? code}: ${output.trim()}`));
  });
  void ended.then(() => process.off('exit', killOnExit));
  if (child.pid !== undefined) record.put('running', { pid: child.pid });

  const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  const failure = ended.then((reason) => {
    throw new Error(`starting DynamoDB Local: ${reason}`);
  });
  const port = await Promise.race([given ? answering(agent, given, ended) : told.promise, failure]);
  let stopping = false;
  void ended.then((reason) => {
    if (!stopping)
      context.log({ source: 'dynamodb', message: 'DynamoDB Local ended unexpectedly', fields: { reason } });
  });
  return {
    port,
    send: (operation, body) => post({ agent, port, accessKeyId: OWN_KEY, operation, body }),
    async stop() {
      stopping = true;
      agent.destroy();
      await endChild(child, ended);
      record.delete('running');
    },
  };
}

/**
 * Uses a DynamoDB Local that runs already and has a set of tables `ofEachKey`: those of a new key. They are in memory
 * until that process ends.
 */
export function joinDynamoDb(port: number): DynamoDbProcess {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  const accessKeyId = randomUUID().replaceAll('-', '');
  return {
    port,
    send: (operation, body) => post({ agent, port, accessKeyId, operation, body }),
    stop: async () => agent.destroy(),
  };
}

const storageIn = (dataDirectory: string): string[] => ['-dbPath', dataDirectory];

/** Waits until DynamoDB Local answers: without the launcher it does not report when it accepts connections. */
async function answering(agent: Agent, port: number, ended: Promise<string>): Promise<number> {
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    const ready = await post({ agent, port, accessKeyId: OWN_KEY, operation: 'ListTables', body: '{}' }).catch(
      () => undefined,
    );
    if (ready?.status === 200) break;
    await delay(20);
  }
  return port;
}

interface Post {
  readonly agent: Agent;
  readonly port: number;
  readonly accessKeyId: string;
  readonly operation: string;
  readonly body: string;
}

function post({ agent, port, accessKeyId, operation, body }: Post): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'POST',
        headers: {
          authorization: authorizationOf(accessKeyId),
          'content-type': 'application/x-amz-json-1.0',
          'content-length': Buffer.byteLength(body),
          'x-amz-target': `DynamoDB_20120810.${operation}`,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, 0);
  await closeServer(server);
  return port;
}

async function endChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}

/**
 * Ends the process of an earlier run. The pid may belong to another process by now, so only a DynamoDB Local on this
 * directory is ended.
 */
async function endLeftover(pid: number, dataDirectory: string): Promise<void> {
  const isOurs = (): boolean => {
    const command = `${commandLine(pid)} `;
    return command.includes('DynamoDBLocal.jar') && command.includes(` ${storageIn(dataDirectory).join(' ')} `);
  };
  if (!isOurs()) return;
  process.kill(pid, 'SIGKILL');
  for (const deadline = Date.now() + KILL_PATIENCE_MS; isOurs(); await delay(20))
    if (Date.now() > deadline) throw new Error(`DynamoDB Local of an earlier run (process ${pid}) does not end`);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    try {
      return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch {
      return '';
    }
  }
}
