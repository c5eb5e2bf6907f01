/**
 * A reporter for Vitest that writes nothing: it puts the reason for which a test was left out (`skip('…')`) where the report of
 * the JSON reporter has room for it.
 */
// oxlint-disable-next-line import/no-default-export -- Vitest loads a reporter by it
export default class SkipNotes {
  onTestCaseResult(test) {
    const { note } = test.result();
    if (note !== undefined) test.meta().note = note;
  }
}
