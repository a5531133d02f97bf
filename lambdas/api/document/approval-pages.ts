import type { Tag } from '../../runtime/operation.ts';

/** The answers of both pages. Each is a whole HTML document. */
const html = (description: string) => ({ description, content: { 'text/html': { schema: { type: 'string' } } } });
const PARAMETERS = [
  {
    name: 'token',
    in: 'path',
    required: true,
    description: 'The secret of the link, from the e-mail',
    schema: { type: 'string' },
  },
];
const ANSWERS = {
  200: html('The question, or what became of it'),
  404: html('The link never existed'),
  410: html('The link was valid once and can no longer decide anything'),
  500: html('Something went wrong on our side'),
  503: html('A service does not answer at the moment; try again'),
};
const TAG: readonly Tag[] = ['approval'];

/** The two routes that answer people, as the document describes them. */
export const APPROVAL_PAGES = {
  'GET /approvals/{token}': {
    operationId: 'showApproval',
    tags: TAG,
    summary: 'The page behind an e-mailed link; changes nothing',
    description:
      'Shows the plan and the question, for people. It only reads, however often the link is opened. The link is the ' +
      'credential.',
    parameters: PARAMETERS,
    responses: ANSWERS,
  },
  'POST /approvals/{token}': {
    operationId: 'decideApproval',
    tags: TAG,
    summary: 'The decision made on the page behind a link',
    description:
      'Takes the form of the page, and shows the page with the result. The same rules apply as to the decisions of a ' +
      'gate: if a decision does not count, the status is that of the problem, and the page gives the reason.',
    parameters: PARAMETERS,
    requestBody: {
      required: true,
      content: {
        'application/x-www-form-urlencoded': {
          schema: {
            type: 'object',
            properties: {
              decision: { type: 'string', enum: ['approve', 'reject'] },
              comment: { type: 'string', maxLength: 2000 },
              nonce: { type: 'string', description: 'The hidden field of the page' },
              environment: {
                type: 'string',
                description: 'To approve a production deployment: the name of the environment, typed',
              },
            },
            required: ['decision', 'nonce'],
          },
        },
      },
    },
    responses: {
      ...ANSWERS,
      400: html('The form is not valid; nothing was decided'),
      403: html('This person may not decide this'),
      409: html('The decision does not count at the moment'),
    },
  },
};
