from django.db import migrations, models

import parties.pull_schedule


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0002_facts_version"),
    ]

    operations = [
        migrations.AddField(
            model_name="heartbeat",
            name="missed_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="platform",
            name="pull_full_hours",
            field=models.PositiveIntegerField(
                default=168, help_text="A scheduled pull reads the whole list once in so many hours. 0: never."
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="pull_schedule",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='Hours between two pulls of each list, as {"locations": 6}. Empty: the hub waits for pushes.',
                validators=[parties.pull_schedule.check_pull_schedule],
            ),
        ),
    ]
