import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalContext } from '../../assembly/provision.ts';
import { closeServer, listenOnLoopback } from '../../door/http-server.ts';
import { javaLaunch } from './java-launch.ts';

const START_TIMEOUT_MS = 60_000;

/** Jetty closes idle connections after 30 s; ours go first, or a request could meet a closing one. */
const IDLE_CONNECTION_MS = 10_000;

/** Any well-formed signature will do; the key must have letters and digits only. */
const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=stagegate/20200101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0';

export interface DynamoDbProcess {
  /** Sends one operation; resolves to the status and the parsed body. */
  send(operation: string, body: string): Promise<{ status: number; body: string }>;
  stop(): Promise<void>;
}

/** Starts Amazon's DynamoDB Local, in memory or in `dataDirectory`, after ending a leftover of an earlier run. */
export async function startDynamoDb(
  context: Pick<LocalContext, 'database' | 'log'>,
  dataDirectory: string | undefined,
): Promise<DynamoDbProcess> {
  const record = context.database.collection<{ pid: number; port: number }>('dynamodb-process');
  const leftover = record.get('running');
  if (leftover) await endLeftover(leftover);

  const { arguments: launch, loopbackOnly } = await javaLaunch();
  if (!loopbackOnly) {
    const message =
      'DynamoDB Local listens on every network interface: install a JDK (not only a JRE) to keep it on 127.0.0.1';
    context.log({ source: 'dynamodb', message });
  }
  if (dataDirectory) mkdirSync(dataDirectory, { recursive: true });
  const storage = dataDirectory ? ['-dbPath', dataDirectory] : ['-inMemory'];
  const port = await freePort();
  const child = spawn('java', [...launch, '-port', String(port), '-sharedDb', '-disableTelemetry', ...storage], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  const keepOutput = (chunk: Buffer): void => {
    output = `${output}${chunk.toString('utf8')}`.slice(-4_000);
  };
  child.stdout.on('data', keepOutput);
  child.stderr.on('data', keepOutput);
  // Without this an exit of Node.js by an exception would leave java running where the launcher is missing.
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`java did not start: ${error.message}`));
    child.once('exit', (code, signal) => resolve(`java ended with ${signal ?? code}: ${output.trim()}`));
  });
  if (child.pid !== undefined) record.put('running', { pid: child.pid, port });

  const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  const send: DynamoDbProcess['send'] = (operation, body) => post({ agent, port, operation, body });
  let stopping = false;
  await waitUntilReady(send, ended);
  void ended.then((reason) => {
    if (!stopping)
      context.log({ source: 'dynamodb', message: 'DynamoDB Local ended unexpectedly', fields: { reason } });
  });
  return {
    send,
    async stop() {
      stopping = true;
      process.off('exit', killOnExit);
      agent.destroy();
      await endChild(child, ended);
      record.delete('running');
    },
  };
}

async function waitUntilReady(send: DynamoDbProcess['send'], ended: Promise<string>): Promise<void> {
  let failure: string | undefined;
  void ended.then((reason) => {
    failure = reason;
  });
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await delay(20)) {
    if (failure !== undefined) throw new Error(`starting DynamoDB Local: ${failure}`);
    const ready = await send('ListTables', '{}').catch(() => undefined);
    if (ready?.status === 200) return;
  }
  throw new Error(`starting DynamoDB Local: no answer within ${START_TIMEOUT_MS / 1000} s`);
}

interface Post {
  readonly agent: Agent;
  readonly port: number;
  readonly operation: string;
  readonly body: string;
}

function post({ agent, port, operation, body }: Post): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'POST',
        headers: {
          authorization: AUTHORIZATION,
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
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
  await ended;
  clearTimeout(timer);
}

/** A pid may have been given to another process since: only a DynamoDB Local on the recorded port is ended. */
async function endLeftover({ pid, port }: { pid: number; port: number }): Promise<void> {
  const isOurs = (): boolean => {
    const command = commandLine(pid);
    return command.includes('DynamoDBLocal.jar') && command.includes(`-port ${port} `);
  };
  if (!isOurs()) return;
  process.kill(pid, 'SIGKILL');
  for (const deadline = Date.now() + 5_000; Date.now() < deadline && isOurs(); ) await delay(20);
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
