/** The ends of items that joined single executions. */
export const ITEM_ENDS = [
  // An item may have joined an execution that was not started for a batch, and that has no lane.
  'DROP TRIGGER batch_item_end',
  `CREATE TRIGGER batch_item_end AFTER UPDATE OF status ON executions
    WHEN NEW.status IN ('completed', 'failed', 'timed_out', 'cancelled', 'lost')
      AND EXISTS (SELECT 1 FROM batch_items WHERE execution_id = NEW.id)
    BEGIN
      UPDATE batch_items SET finished_seq = (SELECT ends FROM batches WHERE id = batch_id)
          + (SELECT count(*) FROM batch_items AS others WHERE others.batch_id = batch_items.batch_id
            AND others.execution_id = NEW.id AND others.item <= batch_items.item)
        WHERE execution_id = NEW.id AND finished_seq IS NULL;
      UPDATE batches SET ends = ends
          + (SELECT count(*) FROM batch_items WHERE batch_id = batches.id AND execution_id = NEW.id)
        WHERE id IN (SELECT batch_id FROM batch_items WHERE execution_id = NEW.id);
    END`,
]
