import { expect, test } from '@jest/globals';
import { lintDocuments } from '../../scripts/api/lint-document.ts';

test('both linters tell of errors and warnings, and in which document', async () => {
  const operation = { operationId: 'getThing', tags: ['thing'], responses: { 200: { description: 'It' } } };
  const document = { openapi: '3.1.0', info: { title: 'T', version: '1' }, paths: { '/thing': { get: operation } } };
  const found = await lintDocuments({ first: document, second: { ...document, paths: 7 } });
  expect(found).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^redocly warn operation-4xx-response: first #\/paths\/~1thing\/get/),
      expect.stringMatching(/^redocly error struct: second #\/paths/),
      expect.stringMatching(/^spectral warning operation-description: first #\/paths\/\/thing\/get/),
    ]),
  );
});
