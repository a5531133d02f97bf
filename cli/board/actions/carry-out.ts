import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Api } from '../../client/api-client.ts';
import { CommandError } from '../../output/command-error.ts';
import type { BoardRequest } from '../door/messages.ts';
import { boardPage } from '../frame/board-page.ts';
import { applicationPath, overviewPath, type Scene } from '../frame/scene.ts';
import type { ActionName, Route } from '../routes.ts';
import type { Action, Question } from './action.ts';
import { cancel } from './cancel.ts';
import { confirmationPage, KEY, TYPED_NAME } from './confirmation-page.ts';
import { hold } from './hold.ts';
import { promote } from './promote.ts';
import { rollback } from './rollback.ts';

const ACTIONS: Readonly<Record<ActionName, Action>> = { promote, rollback, hold, cancel };

const KeySchema = z.uuid();

/**
 * Asks before an action, and does it when the form comes back. Returns the address of what shows it, or the page that
 * asks. Throws CommandError when there is nothing to ask.
 */
export async function carryOut(
  api: Api,
  scene: Scene,
  route: Extract<Route, { page: 'action' }>,
  request: BoardRequest,
): Promise<string | { readonly page: string; readonly status: number }> {
  const action = ACTIONS[route.action];
  const isForm = request.method === 'POST';
  const form = new URLSearchParams(isForm ? request.body.toString() : '');
  const question = await action.ask(api, route, isForm ? form : request.query, scene);
  if (!isForm) return asked(scene, question, 200, { form, key: randomUUID() });
  const { data: key } = KeySchema.safeParse(form.get(KEY));
  try {
    if (key === undefined) throw new CommandError('usage', 'the form is not whole; send it again');
    checkName(question, form.get(TYPED_NAME) ?? '');
    return await action.perform(api, route, form, { scene, key });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // What may have been done is sent again under its own key, so that it is done once; anything else is a new request.
    const isUncertain = error.ending === 'unreachable' || error.ending === 'failed';
    const again = isUncertain && key !== undefined ? key : randomUUID();
    return asked(scene, question, isUncertain ? 503 : 422, { form, problem: error, key: again });
  }
}

/** Throws CommandError unless the name of a production environment was typed. */
function checkName({ stage, environment }: Question, typed: string): void {
  if (stage !== 'production' || typed.trim() === environment) return;
  throw new CommandError(
    'usage',
    typed.trim() === ''
      ? `type ${environment}, the name of the environment, to go on`
      : `${JSON.stringify(typed)} is not the name of the environment, which is ${environment}`,
  );
}

const asked = (scene: Scene, question: Question, status: number, given: Parameters<typeof confirmationPage>[2]) => ({
  page: boardPage(scene, {
    title: question.heading,
    above: [
      [overviewPath(scene), 'Applications'],
      [applicationPath(scene, question.application), question.application],
    ],
    main: confirmationPage(scene, question, given),
  }),
  status,
});
