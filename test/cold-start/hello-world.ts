/** The least a function can be: what a cold start costs before anything of ours is loaded. */
export const handler = async () => ({ statusCode: 200, body: 'hello' });
