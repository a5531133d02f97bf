import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findConnection, isLocal } from '../../cli/connection/connection.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stagegate-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function save(config: unknown): void {
  mkdirSync(join(home, '.config', 'stagegate'), { recursive: true });
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  writeFileSync(join(home, '.config', 'stagegate', 'config.json'), text);
}

const COMPANY = 'https://abc.execute-api.eu-west-1.amazonaws.com';
const PROFILES = {
  default: 'company',
  profiles: {
    company: { endpoint: COMPANY },
    own: { endpoint: 'https://stagegate.example.com', region: 'eu-central-1' },
    local: { endpoint: 'http://127.0.0.1:4701', as: 'staff@local' },
  },
};

describe('the address of the API', () => {
  test('is that of --endpoint, whatever else there is', () => {
    save(PROFILES);
    const given = { endpoint: 'http://127.0.0.1:9', profile: 'own' };
    expect(findConnection(given, { STAGEGATE_ENDPOINT: COMPANY }, home).url).toBe('http://127.0.0.1:9');
  });

  test('else that of --profile, with its region', () => {
    save(PROFILES);
    expect(findConnection({ profile: 'own' }, { STAGEGATE_ENDPOINT: COMPANY }, home)).toMatchObject({
      url: 'https://stagegate.example.com',
      region: 'eu-central-1',
    });
  });

  test('else that of STAGEGATE_ENDPOINT, then of STAGEGATE_PROFILE', () => {
    save(PROFILES);
    const both = { STAGEGATE_ENDPOINT: 'http://127.0.0.1:9', STAGEGATE_PROFILE: 'local' };
    expect(findConnection({}, both, home).url).toBe('http://127.0.0.1:9');
    expect(findConnection({}, { STAGEGATE_PROFILE: 'local' }, home)).toMatchObject({ principal: 'staff@local' });
  });

  test('else that of the default profile, else of a local cloud', () => {
    expect(findConnection({}, {}, home).url).toBe('http://127.0.0.1:4700');
    save(PROFILES);
    expect(findConnection({}, {}, home).url).toBe(COMPANY);
    expect(findConnection({}, { XDG_CONFIG_HOME: '/nowhere' }, home).url).toBe('http://127.0.0.1:4700');
  });

  test.each([
    [{ endpoint: 'nonsense' }, PROFILES, '--endpoint is "nonsense", which is no address'],
    [{ endpoint: 'ftp://example.com' }, PROFILES, 'ftp://example.com'],
    [{ profile: 'nope' }, PROFILES, 'there is no profile "nope" in'],
    [{}, '{', 'is no JSON'],
    [{}, { profiles: { a: { endpoint: 'x' } } }, 'profiles.a.endpoint: an address that begins with https://'],
    [{}, { profiles: { a: { endpoint: COMPANY, regoin: 'x' } } }, 'Unrecognized key: "regoin"'],
    [{}, { default: 'b', profiles: { a: { endpoint: COMPANY } } }, 'default is "b", and there is no such profile'],
  ])('%j with a wrong value is told: %j', (given, config, message) => {
    save(config);
    expect(() => findConnection(given, {}, home)).toThrow(message);
  });

  test.each([
    ['http://127.0.0.1:4700', true],
    ['http://localhost:4700/', true],
    ['http://[::1]:4700', true],
    [COMPANY, false],
    ['https://127.0.0.1.example.com', false],
  ])('%s is local: %p', (url, expected) => {
    expect(isLocal(new URL(url))).toBe(expected);
  });
});
