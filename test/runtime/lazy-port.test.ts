import { describe, expect, test } from '@jest/globals';
import { lazyPort } from '../../lambdas/runtime/services/lazy-port.ts';

interface Echo {
  readonly place: string;
  say(text: string): Promise<string>;
  refuse(): Promise<void>;
}

class EchoAdapter implements Echo {
  readonly place = 'here';
  readonly #said: string[] = [];

  async say(text: string): Promise<string> {
    this.#said.push(text);
    return this.#said.join(', ');
  }

  async refuse(): Promise<void> {
    throw new RangeError('not today');
  }
}

describe('a port whose adapter is loaded when first used', () => {
  function open() {
    const loaded: EchoAdapter[] = [];
    const echo = lazyPort<Echo, 'place'>(
      'Echo',
      async () => {
        loaded.push(new EchoAdapter());
        return loaded[0] ?? new EchoAdapter();
      },
      { place: 'here' },
    );
    return { echo, loaded };
  }

  test('loads nothing when it is made, handed over, awaited or asked what it knows', async () => {
    const { echo, loaded } = open();
    const { place } = await Promise.resolve(echo);
    expect(place).toBe('here');
    expect(JSON.stringify({ echo })).toBe('{"echo":{"place":"here"}}');
    expect(loaded).toEqual([]);
  });

  test('loads its adapter once, also for calls that come at the same time', async () => {
    const { echo, loaded } = open();
    expect(await Promise.all([echo.say('a'), echo.say('b')])).toEqual(['a', 'a, b']);
    expect(await echo.say('c')).toBe('a, b, c');
    expect(loaded).toHaveLength(1);
  });

  test('refuses as its adapter does', async () => {
    await expect(open().echo.refuse()).rejects.toThrow(new RangeError('not today'));
  });

  test('fails with the reason when its adapter cannot be loaded', async () => {
    const broken = lazyPort<Pick<Echo, 'refuse'>>('Echo', async () => {
      throw new Error('no such module');
    });
    await expect(broken.refuse()).rejects.toThrow('no such module');
  });

  test('fails, naming the method, when its adapter does not have it', async () => {
    const { echo } = open();
    const call: unknown = Reflect.get(echo, 'shout');
    if (typeof call !== 'function') throw new Error('no function');
    await expect(Reflect.apply(call, echo, [])).rejects.toThrow('calling shout: the adapter has no such method');
  });
});
