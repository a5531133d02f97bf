import { describe, expect, test } from '@jest/globals';
import { TestApi } from './test-api.ts';

const api = new TestApi();

describe('a request that no route takes', () => {
  test.each(['/nothing', '/', '/applications/', '/applications/my-app/release', '/applications//releases'])(
    'gets a problem: %s',
    async (path) => {
      const { status, type, body } = await api.get(path);
      expect({ status, type }).toEqual({ status: 404, type: 'application/problem+json' });
      expect(body).toMatchObject({ type: 'urn:stagegate:problem:no-such-route', instance: path });
      expect(body.detail).toContain('GET /openapi.json');
    },
  );

  test.each([
    ['PATCH', '/applications/my-app', 'GET, PUT, DELETE'],
    ['POST', '/health', 'GET'],
    ['DELETE', '/applications/my-app/releases/7', 'GET'],
  ])('gets the methods of the path: %s %s', async (method, path, allow) => {
    const { status, headers, body } = await api.call(method, path, { body: {} });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow });
    expect(body.type).toBe('urn:stagegate:problem:method-not-allowed');
    expect(body.detail).toContain(`has ${allow}, and no ${method}`);
  });
});
