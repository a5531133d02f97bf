import { beforeEach, describe, expect, it } from '@jest/globals';
import { CredentialsError } from '../../../buildspecs/program/credentials/broker.ts';
import { KeptCredentials } from '../../../buildspecs/program/credentials/kept-credentials.ts';
import type { BuildCredentials } from '../../../lambdas/domain/contract/build-credentials.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-29T03:00:00.000Z');
let now: number;
/** What the broker does at its next request. */
let broker: () => Promise<BuildCredentials>;
let asked: number;
let kept: KeptCredentials;

/** Returns credentials that are valid for an hour by default, and whose id says when they were made. */
const fresh = (minutes = 60): BuildCredentials => ({
  accessKeyId: `made at ${(now - START) / MINUTE}`,
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiration: new Date(now + minutes * MINUTE).toISOString(),
});
const unavailable = async () => {
  throw new CredentialsError('credentials-unavailable', 'down');
};
const refused = async () => {
  throw new CredentialsError('credentials-refused', 'refused');
};
const at = (minutes: number) => {
  now = START + minutes * MINUTE;
};
const current = async () => (await kept.current()).accessKeyId;
/** Waits until work in the background has ended. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  now = START;
  asked = 0;
  broker = async () => fresh();
  kept = new KeptCredentials(
    {
      redeem() {
        asked += 1;
        return broker();
      },
    },
    () => now,
  );
});

describe('credentials', () => {
  it('are asked for once, however many want them', async () => {
    expect(await Promise.all([current(), current(), current()])).toEqual(['made at 0', 'made at 0', 'made at 0']);
    at(44);
    expect([await current(), asked]).toEqual(['made at 0', 1]);
  });

  it('are asked for again before they end, while those there are still given out', async () => {
    await current();
    at(45);
    expect(await current()).toBe('made at 0');
    await settled();
    expect([await current(), asked]).toEqual(['made at 45', 2]);
  });

  it('are asked for again although nobody wants them just now', async () => {
    await current();
    at(44);
    kept.refreshEarly();
    await settled();
    expect(asked).toBe(1);
    at(45);
    kept.refreshEarly();
    await settled();
    expect(asked).toBe(2);
  });

  it('are asked for once at a time, in the background too', async () => {
    await current();
    const answers: (() => void)[] = [];
    broker = () => new Promise((resolve) => answers.push(() => resolve(fresh())));
    at(50);
    for (let i = 0; i < 3; i += 1) {
      kept.refreshEarly();
      expect(await current()).toBe('made at 0');
    }
    expect([asked, answers.length]).toEqual([2, 1]);
    answers[0]?.();
    await settled();
    expect(await current()).toBe('made at 50');
  });

  it('that live for a short time are not asked for all the time', async () => {
    broker = async () => fresh(10);
    await current();
    at(4);
    kept.refreshEarly();
    await settled();
    expect(asked).toBe(1);
    at(5);
    kept.refreshEarly();
    await settled();
    expect(asked).toBe(2);
  });
});

describe('while the broker is down', () => {
  it('the credentials there are good until they end, and fresh ones are asked for again and again', async () => {
    await current();
    broker = unavailable;
    for (const minute of [45, 50, 59.99]) {
      at(minute);
      expect(await current()).toBe('made at 0');
      await settled();
    }
    expect(asked).toBe(4);
    broker = async () => fresh();
    kept.refreshEarly();
    await settled();
    expect(await current()).toBe('made at 59.99');
  });

  it('nobody gets any that have ended', async () => {
    await current();
    broker = unavailable;
    at(60);
    await expect(current()).rejects.toThrow('down');
    broker = async () => fresh();
    expect(await current()).toBe('made at 60');
  });

  it('whoever wants some when nothing is left waits for the request that is under way', async () => {
    await current();
    let answer = () => {};
    broker = () =>
      new Promise((resolve) => {
        answer = () => resolve(fresh());
      });
    at(55);
    kept.refreshEarly();
    at(61);
    const waiting = Promise.all([current(), current()]);
    await settled();
    answer();
    expect([await waiting, asked]).toEqual([['made at 61', 'made at 61'], 2]);
  });

  it('a first request that fails is made again by whoever asks next', async () => {
    broker = unavailable;
    await expect(current()).rejects.toThrow('down');
    broker = async () => fresh();
    expect(await current()).toBe('made at 0');
  });
});

describe('after a refusal', () => {
  it('the credentials there are good until they end, and nobody bothers the broker until then', async () => {
    await current();
    broker = refused;
    for (const minute of [45, 46, 59]) {
      at(minute);
      kept.refreshEarly();
      expect(await current()).toBe('made at 0');
      await settled();
    }
    expect(asked).toBe(2);
    at(60);
    await expect(current()).rejects.toThrow('refused');
    expect(asked).toBe(3);
  });
});
