use super::*;

#[test]
fn saves_come_one_after_the_other() {
    let (_parent, directory) = directory(&[]);
    let retention = || Retention::new().keep_last(2);
    let mut writer = directory.writer(retention()).unwrap();
    for step in 1..=20 {
        writer.save_in_background(checkpoint(step, &[])).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(steps(&directory), [19, 20]);

    // Dropped, it waits too, and one in place waits for it.
    let mut writer = directory.writer(retention()).unwrap();
    writer.save_in_background(checkpoint(30, &[])).unwrap();
    drop(writer);
    assert_eq!(steps(&directory), [20, 30]);
    let mut writer = directory.writer(retention()).unwrap();
    writer.save_in_background(checkpoint(40, &[])).unwrap();
    writer.save(&checkpoint(50, &[])).unwrap();
    assert!(!writer.is_saving());
    assert_eq!(steps(&directory), [40, 50]);
}

#[test]
fn an_error_comes_with_the_next_call() {
    let (_parent, directory) = directory(&[(10, 0.5)]);
    let mut writer = directory.writer(Retention::new()).unwrap();
    let assert_late = |result: Result<(), CheckpointDirError>, late: u64| match result {
        Err(CheckpointDirError::NotTheLatest { step, .. }) => assert_eq!(step, late),
        other => panic!("{other:?}"),
    };
    writer.save_in_background(checkpoint(5, &[])).unwrap();
    assert_late(writer.save_in_background(checkpoint(20, &[])), 5);
    writer.save_in_background(checkpoint(6, &[])).unwrap();
    assert_late(writer.save(&checkpoint(30, &[])).map(drop), 6);
    writer.save_in_background(checkpoint(7, &[])).unwrap();
    assert_late(writer.discard_after(0).map(drop), 7);
    writer.save_in_background(checkpoint(8, &[])).unwrap();
    assert_late(writer.finish(), 8);
    assert_eq!(steps(&directory), [10, 20, 30]); // nothing that came after an error is lost
}
