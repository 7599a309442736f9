/** Something is not accepted: a stable code, and one sentence for people. */
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.name = "Refusal";
    this.code = code;
  }
}

/** Something could not be verified here. That says nothing of what was to be verified. */
export class Unable extends Error {
  constructor(en, zh) {
    super(en);
    this.name = "Unable";
    this.zh = zh;
  }
}

/** The value that was made, or nothing where making it was refused. Other errors pass. */
export async function orNothing(make) {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
