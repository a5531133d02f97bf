import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HttpsRepositoryHeads, type HttpsRepositoryHeadsProps } from '../../lambdas/adapters/https-repository-heads.ts';
import { isPublicAddress } from '../../lambdas/adapters/public-address.ts';
import { describeRepositoryHeads } from '../contracts/repository-heads-contract.ts';
import { type HttpsServer, startHttpsServer } from '../harness/https-server.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

const HOST = 'git.example';
const TYPE = 'application/x-git-upload-pack-advertisement';
const COMMIT = 'a'.repeat(40);
const ADVERTISED = `001e# service=git-upload-pack\n00000041${COMMIT} refs/heads/main\0agent=x\n0000`.replace(
  '0041',
  (4 + COMMIT.length + ' refs/heads/main\0agent=x\n'.length).toString(16).padStart(4, '0'),
);

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A git host on this machine: what git itself answers, and answers that no git host should give. */
describe('HttpsRepositoryHeads', () => {
  const directory = temporaryDirectory();
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  /** Answers by the first part of the path; git answers the rest. */
  const answers = new Map<string, Answer>();
  const asked: IncomingMessage[] = [];
  let server: HttpsServer;
  let port: number;
  let branches: ReadonlyMap<string, string>;

  beforeAll(async () => {
    for (const name of ['config.git', 'empty.git']) git('init', '--quiet', '--bare', '--initial-branch=main', name);
    const bare = ['--git-dir', join(directory, 'config.git')];
    const who = ['-c', 'user.name=dev', '-c', 'user.email=dev@example.com'];
    const tree = git(...bare, 'hash-object', '-t', 'tree', '-w', '/dev/null');
    const [one, two] = ['one', 'two'].map((message) => git(...bare, ...who, 'commit-tree', tree, '-m', message));
    branches = new Map([
      ['feature/x', one ?? ''],
      ['main', two ?? ''],
    ]);
    for (const [branch, commit] of branches) git(...bare, 'update-ref', `refs/heads/${branch}`, commit);
    git(...bare, ...who, 'tag', '-a', 'v1', '-m', 'v1', one ?? '');
    git(...bare, 'update-ref', 'refs/pull/1/head', one ?? '');
    server = await startHttpsServer(
      directory,
      (request, response) => {
        asked.push(request);
        const part = request.url?.split('/')[1] ?? '';
        (answers.get(part) ?? answerAsGit)(request, response);
      },
      HOST,
    );
    port = Number(new URL(server.url).port);
  });
  afterAll(() => server.stop());

  const answerAsGit: Answer = (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', server.url);
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: directory,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REQUEST_METHOD: request.method,
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
      },
    });
    const chunks: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    backend.on('close', () => {
      const output = Buffer.concat(chunks);
      const end = output.indexOf('\r\n\r\n');
      const headers = output.toString('latin1', 0, end).split('\r\n');
      for (const line of headers) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.end(output.subarray(end + 4));
    });
  };

  const open = (props: HttpsRepositoryHeadsProps = {}) =>
    new HttpsRepositoryHeads({
      port,
      ca: readFileSync(server.environment.NODE_EXTRA_CA_CERTS, 'utf8'),
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      isAllowed: () => true,
      ...props,
    });
  const ask = (path: string, props?: HttpsRepositoryHeadsProps) => open(props).of(`https://${HOST}/${path}`);
  const answering = (part: string, answer: Answer) => answers.set(part, answer);
  const saying = (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Answer => {
    return (_, response) => response.writeHead(status, { 'content-type': TYPE, ...headers }).end(body);
  };
  const MAIN = { kind: 'branches', branches: new Map([['main', COMMIT]]) };

  describeRepositoryHeads('as git answers', async () => ({
    heads: open(),
    url: `https://${HOST}/config.git`,
    branches,
    empty: `https://${HOST}/empty.git`,
    absent: `https://${HOST}/absent.git`,
  }));

  test('asks for version 0 of the protocol, without any credential', async () => {
    answering('plain', saying(ADVERTISED));
    expect(await ask('plain/config')).toEqual(MAIN);
    expect(asked.at(-1)?.method).toBe('GET');
    expect(asked.at(-1)?.url).toBe('/plain/config/info/refs?service=git-upload-pack');
    expect(asked.at(-1)?.headers).toEqual({
      accept: TYPE,
      'accept-encoding': 'identity',
      connection: 'close',
      'git-protocol': 'version=0',
      host: `${HOST}:${port}`,
      'user-agent': 'stagegate',
    });
  });

  test.each([
    ['another type', saying(ADVERTISED, { 'content-type': 'text/plain' }), 'answers with the type "text/plain"'],
    ['a page to log in', saying('<html>', { 'content-type': 'text/html' }), 'answers with the type "text/html"'],
    ['gzip', saying(gzipSync(ADVERTISED), { 'content-encoding': 'gzip' }), 'answers with the encoding "gzip"'],
    ['garbage', saying('garbage'), 'the answer has "garb" in the place of a length'],
    ['half an answer', saying(ADVERTISED.slice(0, -4)), 'the answer ends before its end is told'],
    ['401', saying('', { 'www-authenticate': 'Basic' }, 401), 'answers 401: it is not public, or not there'],
    ['403', saying('', {}, 403), 'answers 403: it is not public, or not there'],
    ['204', saying('', {}, 204), 'answers 204: it is not public, or not there'],
  ])('is refused: %s', async (_, answer, problem) => {
    answering('wrong', answer);
    expect(await ask('wrong/config')).toEqual({ kind: 'refused', problem });
  });

  test.each([
    ['500', saying('', {}, 500), 'Error: answers 500'],
    ['429', saying('', {}, 429), 'Error: answers 429'],
    [
      '101',
      ({ socket }: IncomingMessage) =>
        void socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      'Error: answers 101: it speaks another protocol',
    ],
    [
      'an end in the middle',
      (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, { 'content-type': TYPE, 'content-length': '100000' });
        response.write(ADVERTISED, () => response.destroy());
      },
      expect.stringMatching(/aborted|hang up|ECONNRESET/),
    ],
  ] as [string, Answer, string][])('is no answer: %s', async (_, answer, problem) => {
    answering('wrong', answer);
    expect(await ask('wrong/config')).toEqual({ kind: 'unreachable', problem });
  });

  describe('takes only so much:', () => {
    test('of an answer that does not end', async () => {
      let isClosed: Promise<unknown> = Promise.resolve();
      answering('endless', (_, response) => {
        response.writeHead(200, { 'content-type': TYPE });
        const timer = setInterval(() => response.write('x'.repeat(1024)), 1);
        isClosed = new Promise((resolve) => {
          response.on('close', () => {
            clearInterval(timer);
            resolve(undefined);
          });
        });
      });
      const problem = 'answers with more than 4096 bytes';
      expect(await ask('endless/config', { mostBytes: 4096 })).toEqual({ kind: 'refused', problem });
      await isClosed;
    });

    test.each([
      [
        'of an answer that trickles',
        (_: IncomingMessage, response: ServerResponse) => {
          response.writeHead(200, { 'content-type': TYPE });
          const timer = setInterval(() => response.write('0'), 10);
          response.on('close', () => clearInterval(timer));
        },
      ],
      ['of a host that is silent', () => {}],
    ] as [string, Answer][])('time %s', async (_, answer) => {
      answering('slow', answer);
      const problem = 'no answer in 200 ms';
      expect(await ask('slow/config', { mostMs: 200 })).toEqual({ kind: 'unreachable', problem });
    });
  });

  test('waits only so long for the resolver', async () => {
    const heads = open({ resolve: () => new Promise(() => {}), mostMs: 200 });
    expect(await heads.of(`https://${HOST}/config.git`)).toEqual({
      kind: 'unreachable',
      problem: 'no answer in 200 ms',
    });
  });

  describe('is led', () => {
    const leading =
      (to: string, status = 301): Answer =>
      (_, response) =>
        void response.writeHead(status, { location: to }).end();

    test.each([
      ['to the same repository with .git', '/moving/config.git/info/refs?service=git-upload-pack'],
      ['to the full address of that', `https://${HOST}/moving/config.git/info/refs?service=git-upload-pack`],
    ])('%s', async (_, to) => {
      answering('moving', (request, response) =>
        (request.url?.includes('.git/') ? saying(ADVERTISED) : leading(to))(request, response),
      );
      expect(await ask('moving/config')).toEqual(MAIN);
    });

    test.each([
      ['to another host', 'https://evil.example/moved/config.git/info/refs?service=git-upload-pack'],
      ['to http', `http://${HOST}/moved/config.git/info/refs`],
      ['to another port', `https://${HOST}:8443/moved/config.git/info/refs`],
      ['to another repository', '/moved/other.git/info/refs?service=git-upload-pack'],
      ['to a page', '/login'],
      ['with a credential', `https://user:secret@${HOST}/moved/config.git/info/refs`],
      ['to itself, for ever', '/moved/config/info/refs?service=git-upload-pack'],
      ['nowhere', ''],
    ])('not %s', async (_, to) => {
      answering('moved', leading(to, 302));
      const before = asked.length;
      expect(await ask('moved/config')).toEqual({ kind: 'refused', problem: `redirects to ${JSON.stringify(to)}` });
      expect(asked.length - before).toBeLessThanOrEqual(2);
    });
  });

  describe('connects to nothing', () => {
    test.each([
      ['at an address of this machine', [{ address: '127.0.0.1', family: 4 }]],
      [
        'at an address of a private network beside a public one',
        [
          { address: '93.184.216.34', family: 4 },
          { address: '10.0.0.1', family: 4 },
        ],
      ],
      ['without an address', []],
    ])('%s', async (_, addresses) => {
      const before = asked.length;
      const heads = open({ resolve: async () => addresses, isAllowed: isPublicAddress });
      expect(await heads.of(`https://${HOST}/config.git`)).toEqual({
        kind: 'refused',
        problem: `${HOST} has an address that is not public`,
      });
      expect(asked.length).toBe(before);
    });

    test('whose certificate is for another host', async () => {
      const told = await open().of('https://other.example/config.git');
      expect(told).toMatchObject({ kind: 'unreachable', problem: expect.stringContaining('other.example') });
    });

    test('whose certificate nobody vouches for', async () => {
      expect(await ask('config.git', { ca: undefined })).toMatchObject({ kind: 'unreachable' });
    });

    test('whose name is not known', async () => {
      const resolve = async () => {
        throw new Error(`getaddrinfo ENOTFOUND ${HOST}`);
      };
      const problem = `Error: getaddrinfo ENOTFOUND ${HOST}`;
      expect(await open({ resolve }).of(`https://${HOST}/config.git`)).toEqual({ kind: 'unreachable', problem });
    });
  });
});

test.each([...['93.184.216.34', '140.82.121.4', '172.15.0.1', '172.32.0.1', '2606:50c0:8000::153', '2a04:4e42::1']])(
  '%s is an address of the internet',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each([
  ...['0.0.0.0', '10.1.2.3', '100.100.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '192.168.1.1', '198.18.0.1'],
  ...['224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:93.184.216.34', '64:ff9b::a00:1'],
  ...['fc00::1', 'fd00:ec2::254', 'fe80::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::', '2001::1', 'x', ''],
])('%s is none', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});
