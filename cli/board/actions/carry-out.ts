import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Api } from '../../client/api-client.ts';
import { readEnvironment } from '../../deployment/deployments.ts';
import { CommandError } from '../../output/command-error.ts';
import type { BoardRequest } from '../door/messages.ts';
import { boardPage } from '../frame/board-page.ts';
import { applicationPath, overviewPath, type Scene } from '../frame/scene.ts';
import type { ActionName, Route } from '../routes.ts';
import type { Action } from './action.ts';
import { cancel } from './cancel.ts';
import { confirmationPage, KEY, TYPED_NAME } from './confirmation-page.ts';
import { hold } from './hold.ts';
import { promote } from './promote.ts';
import { rollback } from './rollback.ts';
import { uncertainPage } from './uncertain-page.ts';

const ACTIONS: Readonly<Record<ActionName, Action>> = { promote, rollback, hold, cancel };

const KeySchema = z.uuid();

type ActionRoute = Extract<Route, { page: 'action' }>;
interface Page {
  readonly page: string;
  readonly status: number;
}

/** Asks before an action. Throws CommandError when there is nothing to ask. */
export async function ask(api: Api, scene: Scene, route: ActionRoute, query: URLSearchParams): Promise<Page> {
  return asked(api, scene, route, { form: query, key: randomUUID() });
}

/**
 * Does what a form asks for. Returns the address of what shows it, or a page that says why it was not done, or that nobody
 * knows. Throws CommandError when it could not even be asked.
 */
export async function carryOut(
  api: Api,
  scene: Scene,
  route: ActionRoute,
  { body }: BoardRequest,
): Promise<string | Page> {
  const form = new URLSearchParams(body.toString());
  const { data: key } = KeySchema.safeParse(form.get(KEY));
  try {
    if (key === undefined) throw new CommandError('usage', 'the form is not whole; send it again');
    const { stage } = await readEnvironment(api, route.app, route.env);
    if (stage === 'production') checkName(route.env, form.get(TYPED_NAME) ?? '');
    return await ACTIONS[route.action].perform(api, route, form, { scene, key });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const isCertain = error.ending !== 'unreachable' && error.ending !== 'failed' && error.ending !== 'interrupted';
    if (!isCertain)
      return { page: framed(scene, route.app, uncertainPage(scene, route.app, form, error)), status: 503 };
    try {
      return await asked(api, scene, route, { form, problem: error, key: randomUUID() });
    } catch {
      // Why it was refused says more than why there is nothing to ask now.
      throw error;
    }
  }
}

/** Throws CommandError unless the name of a production environment was typed. */
function checkName(environment: string, typed: string): void {
  if (typed.trim() === environment) return;
  const words =
    typed.trim() === ''
      ? `type ${environment}, the name of the environment, to go on`
      : `${JSON.stringify(typed)} is not the name of the environment, which is ${environment}`;
  throw new CommandError('usage', words);
}

type Given = Parameters<typeof confirmationPage>[2];

async function asked(api: Api, scene: Scene, route: ActionRoute, given: Given): Promise<Page> {
  const question = await ACTIONS[route.action].ask(api, route, given.form, scene);
  const { title, main } = confirmationPage(scene, question, given);
  return { page: framed(scene, question.application, { title, main }), status: given.problem ? 422 : 200 };
}

const framed = (
  scene: Scene,
  application: string,
  shown: Pick<Parameters<typeof boardPage>[1], 'title' | 'main'>,
): string =>
  boardPage(scene, {
    ...shown,
    above: [
      [overviewPath(scene), 'Applications'],
      [applicationPath(scene, application), application],
    ],
  });
